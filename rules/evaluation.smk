# From predictions and fused predictions to the statistics.

for PROTOCOL in CONFIG.protocol.evaluated:
    NAME = "evaluate_systems" if PROTOCOL == "paper" else f"evaluate_systems_{PROTOCOL}"

    rule:
        name:
            NAME
        input:
            predictions=PLAN.systems.evaluated_files(PROTOCOL),
            item_table=PLAN.corpora.items(PROTOCOL),
            traces=PLAN.corpora.prepared("traces") if PLAN.follows_traces else [],
            paper=PLAN.paper_tables,
        output:
            PLAN.systems.evaluation_tables(PROTOCOL),
        log:
            LAYOUT.log(NAME),
        benchmark:
            LAYOUT.benchmark(NAME)
        conda:
            "../envs/workflow.yaml"
        params:
            job=lambda w, under=PROTOCOL: PLAN.systems.told_of_evaluation(PLAN.paper, under),
        shell:
            "python -m evaluate_systems {params.job:q} > {log:q} 2>&1"


# Asked for by the report of a run with more than one protocol.
rule weigh_choices:
    input:
        PLAN.choices.files,
    output:
        PLAN.choices.table,
    log:
        LAYOUT.log("weigh_choices"),
    benchmark:
        LAYOUT.benchmark("weigh_choices")
    conda:
        "../envs/workflow.yaml"
    params:
        job=lambda w: PLAN.choices.told,
    shell:
        "python -m weigh_choices {params.job:q} > {log:q} 2>&1"
