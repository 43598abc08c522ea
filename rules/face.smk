# From frames and saliency maps to the posteriors of the face models, one training per split.


rule train_spatial_transformer:
    input:
        frames=PLAN.prepared("frames"),
        saliency=PLAN.prepared("saliency"),
        spans=lambda w: PLAN.spans(w.variant),
        weights=lambda w: PLAN.initial_weights(w.model),
    output:
        model="<results>/models/{model}/{variant}/{split}/model.safetensors",
        history="<results>/models/{model}/{variant}/{split}/history.csv",
        frame_logits="<results>/models/{model}/{variant}/{split}/frame_logits.npz",
    log:
        "<logs>/train_spatial_transformer/{model}_{variant}_{split}.log",
    benchmark:
        "<benchmarks>/train_spatial_transformer/{model}_{variant}_{split}.tsv"
    wildcard_constraints:
        model=PLAN.models("spatial_transformer"),
    conda:
        "../envs/workflow.yaml"
    threads: CONFIG.compute.threads
    resources:
        gpu=PLAN.gpu,
    params:
        options=lambda w: PLAN.training_options(
            "train_spatial_transformer", w.model, w.variant, w.split
        ),
        weights=lambda w: PLAN.initial_weights_options(w.model),
    shell:
        "python -m train_spatial_transformer --frames {input.frames:q} "
        "--saliency {input.saliency:q} {params.options} {params.weights} "
        '--device "$MMER_DEVICE" --threads "$MMER_THREADS" '
        "--model {output.model:q} --history {output.history:q} "
        "--frame-logits {output.frame_logits:q} > {log:q} 2>&1"


rule vote_frames:
    input:
        frame_logits=lambda w: PLAN.trained(
            PLAN.base(w.model), w.variant, w.split, "frame_logits.npz"
        ),
    output:
        "<results>/posteriors/{model}/{variant}/{split}.csv",
    log:
        "<logs>/vote_frames/{model}_{variant}_{split}.log",
    wildcard_constraints:
        model=PLAN.models("max_voting"),
    conda:
        "../envs/workflow.yaml"
    params:
        split=lambda w: PLAN.split(w.split),
        version=PLAN.version("vote_frames"),
    shell:
        "python -m vote_frames --frame-logits {input.frame_logits:q} --split {params.split:q} "
        "--posteriors {output:q} > {log:q} 2>&1"


rule train_bilstm:
    input:
        frames=PLAN.prepared("frames"),
        saliency=PLAN.prepared("saliency"),
        spans=lambda w: PLAN.spans(w.variant),
        spatial_transformer=lambda w: PLAN.trained(
            PLAN.base(w.model), w.variant, w.split, "model.safetensors"
        ),
    output:
        model="<results>/models/{model}/{variant}/{split}/model.safetensors",
        history="<results>/models/{model}/{variant}/{split}/history.csv",
        attention="<results>/models/{model}/{variant}/{split}/attention.npz",
        posteriors="<results>/posteriors/{model}/{variant}/{split}.csv",
    log:
        "<logs>/train_bilstm/{model}_{variant}_{split}.log",
    benchmark:
        "<benchmarks>/train_bilstm/{model}_{variant}_{split}.tsv"
    wildcard_constraints:
        model=PLAN.models("bilstm"),
    conda:
        "../envs/workflow.yaml"
    threads: CONFIG.compute.threads
    resources:
        gpu=PLAN.gpu,
    params:
        options=lambda w: PLAN.training_options("train_bilstm", w.model, w.variant, w.split),
    shell:
        "python -m train_bilstm --frames {input.frames:q} --saliency {input.saliency:q} "
        "--spatial-transformer {input.spatial_transformer:q} {params.options} "
        '--device "$MMER_DEVICE" --threads "$MMER_THREADS" '
        "--model {output.model:q} --history {output.history:q} --attention {output.attention:q} "
        "--posteriors {output.posteriors:q} > {log:q} 2>&1"
