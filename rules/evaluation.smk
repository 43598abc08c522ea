# From predictions and fused predictions to the statistics.


rule evaluate_systems:
    input:
        predictions=PLAN.systems.evaluated_files,
        item_table=LAYOUT.items(),
        traces=PLAN.corpora.prepared("traces") if PLAN.follows_traces else [],
        paper=PLAN.paper_tables,
    output:
        [LAYOUT.evaluation(table) for table in tables_of(PLAN.corpora.task)],
    log:
        LAYOUT.log("evaluate_systems"),
    benchmark:
        LAYOUT.benchmark("evaluate_systems")
    conda:
        "../envs/workflow.yaml"
    params:
        job=lambda w: PLAN.systems.told_of_evaluation(PLAN.paper),
    shell:
        "python -m evaluate_systems {params.job:q} > {log:q} 2>&1"
