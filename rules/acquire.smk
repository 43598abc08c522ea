# From published archives to the clips of each actor.  Downloads run where the workflow was started:
# on clusters only that machine reaches the internet.


rule download_registered:
    output:
        "<downloads>/{place}",
    log:
        "<logs>/download/{place}.log",
    benchmark:
        "<benchmarks>/download/{place}.tsv"
    localrule: True
    conda:
        "../envs/workflow.yaml"
    params:
        address=lambda w: PLAN.registered_places[w.place].address,
        checks=lambda w: PLAN.registered_places[w.place].options(),
    shell:
        "python -m download_file --address {params.address:q} {params.checks} "
        '--mirror "$MMER_MIRROR" --out {output:q} > {log:q} 2>&1'


rule download_record:
    output:
        PLAN.record,
    log:
        "<logs>/download/record.log",
    localrule: True
    conda:
        "../envs/workflow.yaml"
    params:
        record=CONFIG.corpus.record,
        label=CONFIG.corpus.label,
    shell:
        "python -m download_record --record {params.record} --corpus-label {params.label:q} "
        '--mirror "$MMER_MIRROR" --out {output:q} > {log:q} 2>&1'


rule download_actor:
    input:
        # The record also counts views and downloads, so its age says nothing of the archives.
        metadata=ancient(rules.download_record.output[0]),
    output:
        f"<downloads>/zenodo.org/records/{CONFIG.corpus.record}/files/Video_Speech_Actor_{{actor}}.zip",
    log:
        "<logs>/download/actor_{actor}.log",
    benchmark:
        "<benchmarks>/download/actor_{actor}.tsv"
    localrule: True
    conda:
        "../envs/workflow.yaml"
    resources:
        downloads=1,
    params:
        record=CONFIG.corpus.record,
    shell:
        "python -m download_actor --record {params.record} --metadata {input.metadata:q} "
        '--mirror "$MMER_MIRROR" --out {output:q} > {log:q} 2>&1'


rule extract_actor:
    input:
        archive=lambda w: PLAN.archive(w.actor),
    output:
        directory("<results>/clips/Actor_{actor}"),
    log:
        "<logs>/extract/actor_{actor}.log",
    benchmark:
        "<benchmarks>/extract/actor_{actor}.tsv"
    conda:
        "../envs/workflow.yaml"
    params:
        clips=CONFIG.corpus.clips_per_actor,
        version=PLAN.version("extract_actor"),
    shell:
        "python -m extract_actor --archive {input.archive:q} --actor {wildcards.actor} "
        "--clips {params.clips} --out {output:q} > {log:q} 2>&1"
