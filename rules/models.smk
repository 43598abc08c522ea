# The steps of every family of models: a family says what it reads, writes and wants.


for RULE in model_rules(PLAN.models):

    rule:
        name:
            RULE.name
        input:
            RULE.inputs,
            # A corpus that contradicts itself stops before anything is trained; what else is said
            # there bears on no model.
            compared=ancient(RULE.compared),
        output:
            RULE.outputs,
        log:
            RULE.log,
        benchmark:
            RULE.benchmark
        wildcard_constraints:
            model=RULE.models,
            split=RULE.trainings,
        conda:
            "../envs/workflow.yaml"
        threads: RULE.threads
        resources:
            gpu=RULE.gpu,
            gpu_share=RULE.gpu_share,
            mem_mb=RULE.memory,
            runtime=RULE.minutes,
        params:
            launcher=RULE.launcher,
            job=RULE.told,
        shell:
            "{params.launcher} python -m run_model {params.job:q} > {log:q} 2>&1"
