# From audio to the posteriors of the speech models, one training per split.


rule train_cnn14:
    input:
        audio=PLAN.prepared("audio"),
        spans=lambda w: PLAN.spans(w.variant),
        weights=lambda w: PLAN.initial_weights(w.model),
    output:
        model="<results>/models/{model}/{variant}/{split}/model.safetensors",
        history="<results>/models/{model}/{variant}/{split}/history.csv",
        posteriors="<results>/posteriors/{model}/{variant}/{split}.csv",
    log:
        "<logs>/train_cnn14/{model}_{variant}_{split}.log",
    benchmark:
        "<benchmarks>/train_cnn14/{model}_{variant}_{split}.tsv"
    wildcard_constraints:
        model=PLAN.models("cnn14"),
    conda:
        "../envs/workflow.yaml"
    threads: CONFIG.compute.threads
    resources:
        gpu=1,
    params:
        options=lambda w: PLAN.training_options("train_cnn14", w.model, w.variant, w.split),
        weights=lambda w: PLAN.initial_weights_options(w.model),
    shell:
        "python -m train_cnn14 --audio {input.audio:q} {params.options} {params.weights} "
        '--device "$MMER_DEVICE" --threads "$MMER_THREADS" '
        "--model {output.model:q} --history {output.history:q} --posteriors {output.posteriors:q} "
        "> {log:q} 2>&1"
