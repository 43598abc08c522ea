# Late fusion: the whole grid of one pairing fed with some inputs, every split, in one job.

for PROTOCOL in CONFIG.protocol.evaluated:
    NAME = "fuse_predictions" if PROTOCOL == "paper" else f"fuse_predictions_{PROTOCOL}"
    REPEAT = "{repeat}" if CONFIG.repeats else ""
    AT = ("{pairing}", "{inputs}")

    rule:
        name:
            NAME
        input:
            predictions=lambda w, under=PROTOCOL: [
                path
                for by_split in PLAN.systems.pairing_inputs(
                    w.pairing, under, w.get("repeat", "")
                ).values()
                for path in by_split.values()
            ],
            item_table=PLAN.corpora.items(PROTOCOL),
        output:
            PLAN.systems.fusion_table(*AT, "predictions", PROTOCOL, REPEAT),
            PLAN.systems.fusion_table(*AT, "grid", PROTOCOL, REPEAT),
        log:
            LAYOUT.log(NAME, f"{REPEAT}{{pairing}}_{{inputs}}"),
        benchmark:
            LAYOUT.benchmark(NAME, f"{REPEAT}{{pairing}}_{{inputs}}")
        conda:
            "../envs/workflow.yaml"
        params:
            job=lambda w, under=PROTOCOL: PLAN.systems.told_of_fusion(
                w.pairing, w.inputs, under, w.get("repeat", "")
            ),
        shell:
            "python -m fuse_predictions {params.job:q} > {log:q} 2>&1"
