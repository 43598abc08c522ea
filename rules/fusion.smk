# Late fusion: the whole grid of one pairing, every split, in one job.


rule fuse_posteriors:
    input:
        posteriors=lambda w: flat(PLAN.pairing_inputs(w.pairing)),
    output:
        predictions="<results>/fusion/{pairing}/predictions.csv",
        grid="<results>/fusion/{pairing}/grid.csv",
    log:
        "<logs>/fuse_posteriors/{pairing}.log",
    benchmark:
        "<benchmarks>/fuse_posteriors/{pairing}.tsv"
    conda:
        "../envs/workflow.yaml"
    params:
        systems=lambda w: json.dumps(PLAN.pairing_inputs(w.pairing)),
        settings=lambda w: CONFIG.fusion.settings.only(
            PLAN.pairing_inputs(w.pairing)
        ).model_dump_json(),
        version=PLAN.version("fuse_posteriors"),
    shell:
        "python -m fuse_posteriors --systems {params.systems:q} --settings {params.settings:q} "
        "--out {output.predictions:q} --grid {output.grid:q} > {log:q} 2>&1"
