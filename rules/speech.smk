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
        gpu=PLAN.gpu,
        gpu_share=PLAN.gpu_share,
    params:
        options=lambda w: PLAN.training_options("train_cnn14", w.model, w.variant, w.split),
        weights=lambda w: PLAN.initial_weights_options(w.model),
    shell:
        "$MMER_ON_GPU "
        "python -m train_cnn14 --audio {input.audio:q} {params.options} {params.weights} "
        '--device "$MMER_DEVICE" --threads "$MMER_THREADS" '
        "--model {output.model:q} --history {output.history:q} --posteriors {output.posteriors:q} "
        "> {log:q} 2>&1"


rule train_alexnet:
    input:
        audio=PLAN.prepared("audio"),
        spans=lambda w: PLAN.spans(w.variant),
        weights=lambda w: PLAN.initial_weights(w.model),
    output:
        model="<results>/models/{model}/{variant}/{split}/model.safetensors",
        history="<results>/models/{model}/{variant}/{split}/history.csv",
        posteriors="<results>/posteriors/{model}/{variant}/{split}.csv",
    log:
        "<logs>/train_alexnet/{model}_{variant}_{split}.log",
    benchmark:
        "<benchmarks>/train_alexnet/{model}_{variant}_{split}.tsv"
    wildcard_constraints:
        model=PLAN.models("alexnet"),
    conda:
        "../envs/workflow.yaml"
    threads: CONFIG.compute.threads
    resources:
        gpu=PLAN.gpu,
        gpu_share=PLAN.gpu_share,
    params:
        options=lambda w: PLAN.training_options("train_alexnet", w.model, w.variant, w.split),
        weights=lambda w: PLAN.initial_weights_options(w.model),
    shell:
        "$MMER_ON_GPU "
        "python -m train_alexnet --audio {input.audio:q} {params.options} {params.weights} "
        '--device "$MMER_DEVICE" --threads "$MMER_THREADS" '
        "--model {output.model:q} --history {output.history:q} --posteriors {output.posteriors:q} "
        "> {log:q} 2>&1"


rule extract_embeddings:
    input:
        audio=PLAN.prepared("audio"),
        spans=lambda w: PLAN.spans(w.variant),
        weights=lambda w: PLAN.initial_weights(w.model),
    output:
        "<results>/embeddings/{model}/{variant}.npz",
    log:
        "<logs>/extract_embeddings/{model}_{variant}.log",
    benchmark:
        "<benchmarks>/extract_embeddings/{model}_{variant}.tsv"
    wildcard_constraints:
        model=PLAN.models("alexnet_embedding", "cnn14_embedding"),
    conda:
        "../envs/workflow.yaml"
    threads: CONFIG.compute.threads
    resources:
        gpu=PLAN.gpu,
        gpu_share=PLAN.shared_gpu_share,
    params:
        entry=lambda w: PLAN.extractor(w.model),
        options=lambda w: PLAN.extraction_options(w.model, w.variant),
        weights=lambda w: PLAN.initial_weights_options(w.model),
        version=lambda w: PLAN.version(PLAN.extractor(w.model)),
    shell:
        "$MMER_ON_SHARED_GPU "
        "python -m {params.entry} --audio {input.audio:q} {params.options} {params.weights} "
        '--device "$MMER_DEVICE" --threads "$MMER_THREADS" --embeddings {output:q} > {log:q} 2>&1'


rule classify_embeddings:
    input:
        embeddings=lambda w: PLAN.embeddings(PLAN.base(w.model), w.variant),
    output:
        expand("<results>/posteriors/{{model}}/{{variant}}/{split}.csv", split=PLAN.splits),
    log:
        "<logs>/classify_embeddings/{model}_{variant}.log",
    benchmark:
        "<benchmarks>/classify_embeddings/{model}_{variant}.tsv"
    wildcard_constraints:
        model=PLAN.models("support_vector"),
    conda:
        "../envs/workflow.yaml"
    params:
        settings=lambda w: PLAN.settings(w.model),
        splits=lambda w: PLAN.all_splits,
        folder=lambda w, output: str(Path(output[0]).parent),
        version=PLAN.version("classify_embeddings"),
    shell:
        "python -m classify_embeddings --embeddings {input.embeddings:q} "
        "--splits {params.splits:q} --settings {params.settings:q} --out-folder {params.folder:q} "
        "> {log:q} 2>&1"


rule predict_majority:
    input:
        audio=PLAN.prepared("audio"),
    output:
        expand("<results>/posteriors/{{model}}/{{variant}}/{split}.csv", split=PLAN.splits),
    log:
        "<logs>/predict_majority/{model}_{variant}.log",
    wildcard_constraints:
        model=PLAN.models("majority"),
    conda:
        "../envs/workflow.yaml"
    params:
        splits=lambda w: PLAN.all_splits,
        folder=lambda w, output: str(Path(output[0]).parent),
        version=PLAN.version("predict_majority"),
    shell:
        "python -m predict_majority --clips-from {input.audio:q} --splits {params.splits:q} "
        "--posteriors-folder {params.folder:q} > {log:q} 2>&1"
