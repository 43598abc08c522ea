# From posteriors and fused predictions to statistics, tables, figures and provenance.


rule evaluate_systems:
    input:
        posteriors=[path for system in PLAN.systems for path in system["posteriors"].values()],
        fusion=expand("<results>/fusion/{pairing}/predictions.csv", pairing=CONFIG.fusion.pairings),
        paper=Path(workflow.basedir) / "resources" / "paper",
    output:
        directory("<results>/evaluation"),
    log:
        "<logs>/evaluate_systems.log",
    benchmark:
        "<benchmarks>/evaluate_systems.tsv"
    conda:
        "../envs/workflow.yaml"
    params:
        systems=json.dumps(PLAN.systems),
        fusion=json.dumps(PLAN.fusions),
        paper_rows=PLAN.paper_rows,
        settings=PLAN.section("evaluation"),
        version=PLAN.version("evaluate_systems"),
    shell:
        "python -m evaluate_systems --systems {params.systems:q} --fusion {params.fusion:q} "
        "--paper {input.paper:q} --paper-rows {params.paper_rows:q} --settings {params.settings:q} "
        "--out {output:q} > {log:q} 2>&1"
