# Late fusion: the whole grid of one pairing fed with some inputs, every split, in one job.


rule fuse_predictions:
    input:
        predictions=lambda w: [
            path
            for by_split in PLAN.systems.pairing_inputs(w.pairing).values()
            for path in by_split.values()
        ],
        item_table=LAYOUT.items(),
    output:
        LAYOUT.fusion("{pairing}", "{inputs}", "predictions"),
        LAYOUT.fusion("{pairing}", "{inputs}", "grid"),
    log:
        LAYOUT.log("fuse_predictions", "{pairing}_{inputs}"),
    benchmark:
        LAYOUT.benchmark("fuse_predictions", "{pairing}_{inputs}")
    conda:
        "../envs/workflow.yaml"
    params:
        job=lambda w: PLAN.systems.told_of_fusion(w.pairing, w.inputs),
    shell:
        "python -m fuse_predictions {params.job:q} > {log:q} 2>&1"
