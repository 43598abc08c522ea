# Late fusion: the whole grid of one pairing fed with some inputs, every split, in one job.

for PROTOCOL in CONFIG.protocol.evaluated:
    NAME = "fuse_predictions" if PROTOCOL == "paper" else f"fuse_predictions_{PROTOCOL}"

    rule:
        name:
            NAME
        input:
            predictions=lambda w, under=PROTOCOL: [
                path
                for by_split in PLAN.systems.pairing_inputs(w.pairing, under).values()
                for path in by_split.values()
            ],
            item_table=PLAN.corpora.items(PROTOCOL),
        output:
            PLAN.systems.fusion_table("{pairing}", "{inputs}", "predictions", PROTOCOL),
            PLAN.systems.fusion_table("{pairing}", "{inputs}", "grid", PROTOCOL),
        log:
            LAYOUT.log(NAME, "{pairing}_{inputs}"),
        benchmark:
            LAYOUT.benchmark(NAME, "{pairing}_{inputs}")
        conda:
            "../envs/workflow.yaml"
        params:
            job=lambda w, under=PROTOCOL: PLAN.systems.told_of_fusion(w.pairing, w.inputs, under),
        shell:
            "python -m fuse_predictions {params.job:q} > {log:q} 2>&1"
