# Tables, figures and pages; `snakemake --report` binds them into one page.

# What captions read of the run.
config["shown"] = PLAN.report.caption


rule write_configuration:
    output:
        LAYOUT.page("configuration.json"),
    log:
        LAYOUT.log("write_configuration"),
    conda:
        "../envs/workflow.yaml"
    params:
        digest=PLAN.run.digest,
    shell:
        "printf '%s\n' \"$MMER_CONFIGURATION\" > {output:q}.unfinished 2> {log:q} "
        "&& mv {output:q}.unfinished {output:q}"


for STEP in PLAN.report.steps:

    rule:
        name:
            STEP.name
        input:
            STEP.inputs,
        output:
            *[
                report(
                    shown.path,
                    category=shown.category,
                    subcategory=shown.subcategory,
                    labels=shown.labels,
                    caption=f"../resources/captions/{shown.caption}.rst",
                )
                for shown in STEP.shown
            ],
            *STEP.others,
        log:
            LAYOUT.log(STEP.name),
        conda:
            "../envs/workflow.yaml"
        params:
            entry=STEP.entry,
            # A function, since the braces of a text would be taken for wildcards.
            job=lambda w, told=STEP.told: told,
        shell:
            "python -m {params.entry} {params.job:q} > {log:q} 2>&1"
