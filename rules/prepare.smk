# From the recordings of each speaker to the item table, audio, frames, faces, saliency maps, speech
# spans, words.
# The wildcard {corpus} is empty for the run's own corpus, else a name and a slash.


rule list_items:
    input:
        lambda w: PLAN.corpora.item_sources(w.corpus),
    output:
        LAYOUT.items("{corpus}"),
    log:
        LAYOUT.log("list_items", "{corpus}items"),
    conda:
        "../envs/workflow.yaml"
    params:
        job=lambda w: PLAN.corpora.told_of_items(w.corpus),
    shell:
        "python -m list_items {params.job:q} > {log:q} 2>&1"


for RECORDINGS, MEDIA in PLAN.prepared_media.items():

    rule:
        name:
            f"prepare_{RECORDINGS}s"
        input:
            unpack(PLAN.recordings_of),
        output:
            **{medium: LAYOUT.prepared(medium, "{speaker}", "{corpus}") for medium in MEDIA},
        log:
            LAYOUT.log("prepare_media", "{corpus}{speaker}"),
        benchmark:
            LAYOUT.benchmark("prepare_media", "{corpus}{speaker}")
        wildcard_constraints:
            corpus=PLAN.corpora.pattern(RECORDINGS),
        conda:
            "../envs/workflow.yaml"
        resources:
            runtime=lambda w, attempt: 20 * attempt,
        params:
            job=PLAN.told_of_preparation,
        shell:
            "python -m prepare_media {params.job:q} > {log:q} 2>&1"


rule crop_faces:
    input:
        lambda w: PLAN.corpora.films(w.corpus, w.speaker),
    output:
        LAYOUT.prepared("faces", "{speaker}", "{corpus}"),
    log:
        LAYOUT.log("crop_faces", "{corpus}{speaker}"),
    benchmark:
        LAYOUT.benchmark("crop_faces", "{corpus}{speaker}")
    conda:
        "../envs/workflow.yaml"
    resources:
        runtime=lambda w, attempt: 20 * attempt,
    params:
        job=PLAN.told_of_faces,
    shell:
        "python -m crop_faces {params.job:q} > {log:q} 2>&1"


rule compare_recordings:
    input:
        audio=PLAN.corpora.prepared("audio") if PLAN.corpora.comparison else [],
        item_table=LAYOUT.items(),
    output:
        LAYOUT.same_recordings(),
    log:
        LAYOUT.log("compare_recordings"),
    benchmark:
        LAYOUT.benchmark("compare_recordings")
    conda:
        "../envs/workflow.yaml"
    params:
        job=lambda w: PLAN.corpora.told_of_comparison(),
    shell:
        "python -m compare_recordings {params.job:q} > {log:q} 2>&1"


if PLAN.corpora.evaluates(BY_RECORDING):

    rule divide_recordings:
        input:
            LAYOUT.items(),
        output:
            LAYOUT.divided_items(),
        log:
            LAYOUT.log("divide_recordings"),
        conda:
            "../envs/workflow.yaml"
        params:
            job=lambda w: PLAN.corpora.told_of_division(),
        shell:
            "python -m divide_recordings {params.job:q} > {log:q} 2>&1"


rule detect_speech:
    input:
        audio=LAYOUT.prepared("audio", "{speaker}", "{corpus}"),
        weights=PLAN.weights.path(VOICE_ACTIVITY),
    output:
        LAYOUT.prepared("speech", "{speaker}", "{corpus}"),
    log:
        LAYOUT.log("detect_speech", "{corpus}{speaker}"),
    benchmark:
        LAYOUT.benchmark("detect_speech", "{corpus}{speaker}")
    conda:
        "../envs/workflow.yaml"
    params:
        job=lambda w: PLAN.told_of_speech(w.corpus, w.speaker),
    shell:
        "python -m detect_speech {params.job:q} > {log:q} 2>&1"


rule prepare_text:
    input:
        LAYOUT.items("{corpus}"),
    output:
        LAYOUT.prepared("text", "{speaker}", "{corpus}"),
    log:
        LAYOUT.log("prepare_text", "{corpus}{speaker}"),
    benchmark:
        LAYOUT.benchmark("prepare_text", "{corpus}{speaker}")
    conda:
        "../envs/workflow.yaml"
    params:
        job=lambda w: PLAN.told_of_text(w.corpus, w.speaker),
    shell:
        "python -m prepare_text {params.job:q} > {log:q} 2>&1"


rule convert_msi_net:
    input:
        PLAN.weights.path(SALIENCY),
    output:
        LAYOUT.converted(SALIENCY),
    log:
        LAYOUT.log("convert_msi_net"),
    benchmark:
        LAYOUT.benchmark("convert_msi_net")
    conda:
        "../envs/workflow.yaml"
    resources:
        mem_mb=lambda w, attempt: 8000 * attempt,
        runtime=lambda w, attempt: 30 * attempt,
    params:
        job=lambda w: PLAN.told_of_conversion(),
    shell:
        "python -m convert_msi_net {params.job:q} > {log:q} 2>&1"


rule map_saliency:
    input:
        unpack(PLAN.recordings_of),
        weights=PLAN.weights.saliency,
    output:
        LAYOUT.prepared("saliency", "{speaker}", "{corpus}"),
    log:
        LAYOUT.log("map_saliency", "{corpus}{speaker}"),
    benchmark:
        LAYOUT.benchmark("map_saliency", "{corpus}{speaker}")
    conda:
        "../envs/workflow.yaml"
    threads: CONFIG.compute.threads if PLAN.weights.maps_by_network else 1
    resources:
        gpu=PLAN.saliency_gpu,
        gpu_share=PLAN.saliency_gpu_share,
        mem_mb=lambda w, attempt: 8000 * attempt,
        runtime=lambda w, attempt: 60 * attempt,
    params:
        job=PLAN.told_of_saliency,
    shell:
        "$MMER_ON_GPU python -m map_saliency {params.job:q} > {log:q} 2>&1"
