# From posteriors and fused predictions to the statistics.

PAPER_TABLES = Path(workflow.basedir) / "resources" / "paper"


rule evaluate_systems:
    input:
        posteriors=flat({s["name"]: s["posteriors"] for s in PLAN.systems if "posteriors" in s}),
        fusion=[fused["predictions"] for fused in PLAN.fusions if "predictions" in fused],
        paper=sorted(map(str, PAPER_TABLES.glob("*.csv"))),
    output:
        expand(
            "<results>/evaluation/{table}.csv",
            table=[
                "accuracies",
                "summary",
                "confusion",
                "significance",
                "groups",
                "calibration",
                "predictions",
            ],
        ),
    log:
        "<logs>/evaluate_systems.log",
    benchmark:
        "<benchmarks>/evaluate_systems.tsv"
    conda:
        "../envs/workflow.yaml"
    params:
        systems=lambda w: json.dumps(PLAN.systems),
        fusion=lambda w: json.dumps(PLAN.fusions),
        paper=lambda w, input: str(Path(input.paper[0]).parent),
        paper_rows=lambda w: PLAN.paper_rows,
        settings=lambda w: PLAN.section("evaluation"),
        seed=CONFIG.seed,
        out=lambda w, output: str(Path(output[0]).parent),
        version=PLAN.version("evaluate_systems"),
    shell:
        "python -m evaluate_systems --systems {params.systems:q} --fusion {params.fusion:q} "
        "--paper {params.paper:q} --paper-rows {params.paper_rows:q} "
        "--settings {params.settings:q} --seed {params.seed} --out {params.out:q} > {log:q} 2>&1"
