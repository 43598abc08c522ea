# From predictions and fused predictions to the statistics.

for PROTOCOL in CONFIG.protocol.evaluated:
    NAME = "evaluate_systems" if PROTOCOL == "paper" else f"evaluate_systems_{PROTOCOL}"
    REPEAT = "{repeat}" if CONFIG.repeats else ""

    rule:
        name:
            NAME
        input:
            predictions=lambda w, under=PROTOCOL: PLAN.systems.evaluated_files(
                under, w.get("repeat", "")
            ),
            item_table=PLAN.corpora.items(PROTOCOL),
            traces=PLAN.corpora.prepared("traces") if PLAN.follows_traces else [],
            paper=PLAN.paper_tables,
        output:
            PLAN.systems.evaluation_tables(PROTOCOL, REPEAT),
        log:
            LAYOUT.log(NAME, f"{REPEAT}tables" if REPEAT else ""),
        benchmark:
            LAYOUT.benchmark(NAME, f"{REPEAT}tables" if REPEAT else "")
        conda:
            "../envs/workflow.yaml"
        params:
            job=lambda w, under=PROTOCOL: PLAN.systems.told_of_evaluation(
                PLAN.paper, under, w.get("repeat", "")
            ),
        shell:
            "python -m evaluate_systems {params.job:q} > {log:q} 2>&1"

    if CONFIG.repeats:
        SEEDS = "compare_seeds" if PROTOCOL == "paper" else f"compare_seeds_{PROTOCOL}"

        rule:
            name:
                SEEDS
            input:
                evaluated=PLAN.seeds.files(PROTOCOL),
                item_table=LAYOUT.items(),
            output:
                PLAN.seeds.table(PROTOCOL),
            log:
                LAYOUT.log(SEEDS),
            benchmark:
                LAYOUT.benchmark(SEEDS)
            conda:
                "../envs/workflow.yaml"
            params:
                job=lambda w, under=PROTOCOL: PLAN.seeds.told(under),
            shell:
                "python -m compare_seeds {params.job:q} > {log:q} 2>&1"


# Every table of every system under every protocol and seed: too long for a command line.
rule tell_choices:
    output:
        PLAN.choices.told_in,
    log:
        LAYOUT.log("tell_choices"),
    localrule: True
    params:
        job=lambda w: PLAN.choices.told,
    run:
        with writing(Path(output[0])) as unfinished:
            unfinished.write_text(params.job, "utf-8")


# Asked for by the report of a run with more than one protocol.
rule weigh_choices:
    input:
        told=PLAN.choices.told_in,
        tables=PLAN.choices.files,
    output:
        PLAN.choices.table,
    log:
        LAYOUT.log("weigh_choices"),
    benchmark:
        LAYOUT.benchmark("weigh_choices")
    conda:
        "../envs/workflow.yaml"
    shell:
        "python -m weigh_choices {input.told:q} > {log:q} 2>&1"
