# From the clips of each actor to audio, frames, saliency maps and speech spans.


rule prepare_media:
    input:
        clips=lambda w: PLAN.clips(w.actor),
    output:
        audio="<results>/prepared/audio/actor_{actor}.npz",
        frames="<results>/prepared/frames/actor_{actor}.npz",
    log:
        "<logs>/prepare_media/actor_{actor}.log",
    benchmark:
        "<benchmarks>/prepare_media/actor_{actor}.tsv"
    conda:
        "../envs/workflow.yaml"
    params:
        settings=lambda w: PLAN.section("preparation"),
        version=PLAN.version("prepare_media"),
    shell:
        "python -m prepare_media --clips {input.clips:q} --settings {params.settings:q} "
        "--audio {output.audio:q} --frames {output.frames:q} > {log:q} 2>&1"


rule detect_speech:
    input:
        audio="<results>/prepared/audio/actor_{actor}.npz",
        weights=PLAN.weights("speech_music_noise_vad"),
    output:
        "<results>/prepared/speech/actor_{actor}.csv",
    log:
        "<logs>/detect_speech/actor_{actor}.log",
    benchmark:
        "<benchmarks>/detect_speech/actor_{actor}.tsv"
    conda:
        "../envs/workflow.yaml"
    params:
        settings=lambda w: PLAN.section("voice_activity"),
        sha256=REGISTRY["speech_music_noise_vad"].sha256,
        version=PLAN.version("detect_speech"),
    shell:
        "python -m detect_speech --audio {input.audio:q} --weights {input.weights:q} "
        "--weights-sha256 {params.sha256} --settings {params.settings:q} --spans {output:q} "
        "> {log:q} 2>&1"


rule convert_msi_net:
    input:
        PLAN.weights("msi_net"),
    output:
        "<downloads>/converted/msi_net.safetensors",
    log:
        "<logs>/convert_msi_net.log",
    benchmark:
        "<benchmarks>/convert_msi_net.tsv"
    conda:
        "../envs/workflow.yaml"
    params:
        sha256=REGISTRY["msi_net"].sha256,
        width=CONFIG.saliency.width,
        version=PLAN.version("convert_msi_net"),
    shell:
        "python -m convert_msi_net --saved-model {input:q} --sha256 {params.sha256} "
        "--width {params.width} --weights {output:q} > {log:q} 2>&1"


rule map_saliency:
    input:
        clips=lambda w: PLAN.clips(w.actor),
        weights=PLAN.saliency_weights,
    output:
        "<results>/prepared/saliency/actor_{actor}.npz",
    log:
        "<logs>/map_saliency/actor_{actor}.log",
    benchmark:
        "<benchmarks>/map_saliency/actor_{actor}.tsv"
    conda:
        "../envs/workflow.yaml"
    threads: CONFIG.compute.threads if PLAN.saliency_weights else 1
    resources:
        gpu=PLAN.saliency_gpu,
        gpu_share=PLAN.saliency_gpu_share,
    params:
        saliency=lambda w: PLAN.section("saliency"),
        weights=PLAN.option("--weights", PLAN.saliency_weights),
        version=PLAN.version("map_saliency"),
    shell:
        "$MMER_ON_GPU "
        "python -m map_saliency --clips {input.clips:q} "
        "--saliency-settings {params.saliency:q} {params.weights} "
        '--device "$MMER_DEVICE" --threads "$MMER_THREADS" --saliency {output:q} > {log:q} 2>&1'
