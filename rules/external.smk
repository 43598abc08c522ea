# Posteriors of models trained elsewhere enter as tables.


rule import_posteriors:
    input:
        train=lambda w: PLAN.external(w.model, "train", w.split),
        heldout=lambda w: PLAN.external(w.model, "heldout", w.split),
    output:
        "<results>/posteriors/{model}/{variant}/{split}.csv",
    log:
        "<logs>/import_posteriors/{model}_{variant}_{split}.log",
    wildcard_constraints:
        model=PLAN.models("external"),
    conda:
        "../envs/workflow.yaml"
    params:
        train=lambda w, input: PLAN.option("--train", input.train),
        layout=lambda w: CONFIG.models[w.model].layout.model_dump_json(),
        split=lambda w: PLAN.split(w.split),
        clips=CONFIG.corpus.clips_per_actor,
        version=PLAN.version("import_posteriors"),
    shell:
        "python -m import_posteriors {params.train} --heldout {input.heldout:q} "
        "--layout {params.layout:q} --split {params.split:q} --clips-per-actor {params.clips} "
        "--out {output:q} > {log:q} 2>&1"
