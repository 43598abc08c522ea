# From frames and saliency maps to the posteriors of the face models.


rule prepare_affectnet:
    input:
        lists=lambda w: PLAN.affectnet_lists,
        saliency_weights=PLAN.saliency_weights,
    output:
        "<results>/prepared/affectnet.npz",
    log:
        "<logs>/prepare_affectnet.log",
    benchmark:
        "<benchmarks>/prepare_affectnet.tsv"
    conda:
        "../envs/workflow.yaml"
    threads: CONFIG.compute.threads
    resources:
        gpu=PLAN.saliency_gpu,
        gpu_share=PLAN.saliency_gpu_share,
    params:
        folder=CONFIG.data.affectnet,
        settings=lambda w: PLAN.section("affectnet"),
        saliency=lambda w: PLAN.section("saliency"),
        weights=PLAN.option("--weights", PLAN.saliency_weights),
        version=PLAN.version("prepare_affectnet"),
    shell:
        "$MMER_ON_GPU "
        "python -m prepare_affectnet --folder {params.folder:q} --settings {params.settings:q} "
        "--saliency-settings {params.saliency:q} {params.weights} "
        '--device "$MMER_DEVICE" --threads "$MMER_THREADS" --pictures {output:q} > {log:q} 2>&1'


rule train_affectnet:
    input:
        pictures="<results>/prepared/affectnet.npz",
    output:
        model="<results>/models/{model}/model.safetensors",
        history="<results>/models/{model}/history.csv",
    log:
        "<logs>/train_affectnet/{model}.log",
    benchmark:
        "<benchmarks>/train_affectnet/{model}.tsv"
    wildcard_constraints:
        model=PLAN.affectnet_models(trained=True),
    conda:
        "../envs/workflow.yaml"
    threads: CONFIG.compute.threads
    resources:
        gpu=PLAN.gpu,
        gpu_share=PLAN.gpu_share,
    params:
        options=lambda w: PLAN.affectnet_options("train_affectnet", w.model),
    shell:
        "$MMER_ON_GPU "
        "python -m train_affectnet --pictures {input.pictures:q} {params.options} "
        '--device "$MMER_DEVICE" --threads "$MMER_THREADS" '
        "--model {output.model:q} --history {output.history:q} > {log:q} 2>&1"


rule import_spatial_transformer:
    input:
        weights=lambda w: PLAN.initial_weights(w.model),
    output:
        "<results>/models/{model}/model.safetensors",
    log:
        "<logs>/import_spatial_transformer/{model}.log",
    wildcard_constraints:
        model=PLAN.affectnet_models(trained=False),
    conda:
        "../envs/workflow.yaml"
    params:
        weights=lambda w: PLAN.initial_weights_options(w.model),
        version=PLAN.version("import_spatial_transformer"),
    shell:
        "python -m import_spatial_transformer {params.weights} --model {output:q} > {log:q} 2>&1"


rule train_spatial_transformer:
    input:
        frames=PLAN.prepared("frames"),
        saliency=PLAN.prepared("saliency"),
        spans=lambda w: PLAN.spans(w.variant),
        start=lambda w: PLAN.start(w.model),
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
        gpu_share=PLAN.shared_gpu_share,
    params:
        options=lambda w: PLAN.training_options(
            "train_spatial_transformer", w.model, w.variant, w.split
        ),
        start=lambda w: PLAN.option("--start-from", PLAN.start(w.model)),
    shell:
        "$MMER_ON_SHARED_GPU "
        "python -m train_spatial_transformer --frames {input.frames:q} "
        "--saliency {input.saliency:q} {params.options} {params.start} "
        '--device "$MMER_DEVICE" --threads "$MMER_THREADS" '
        "--model {output.model:q} --history {output.history:q} "
        "--frame-logits {output.frame_logits:q} > {log:q} 2>&1"


rule score_frames:
    input:
        frames=PLAN.prepared("frames"),
        saliency=PLAN.prepared("saliency"),
        spans=lambda w: PLAN.spans(w.variant),
        spatial_transformer="<results>/models/{model}/model.safetensors",
    output:
        "<results>/models/{model}/{variant}/frame_logits.npz",
    log:
        "<logs>/score_frames/{model}_{variant}.log",
    benchmark:
        "<benchmarks>/score_frames/{model}_{variant}.tsv"
    wildcard_constraints:
        model=PLAN.models("affectnet"),
    conda:
        "../envs/workflow.yaml"
    threads: CONFIG.compute.threads
    resources:
        gpu=PLAN.gpu,
        gpu_share=PLAN.shared_gpu_share,
    params:
        options=lambda w: PLAN.variant_options(w.variant),
        version=PLAN.version("score_frames"),
    shell:
        "$MMER_ON_SHARED_GPU "
        "python -m score_frames --spatial-transformer {input.spatial_transformer:q} "
        "--frames {input.frames:q} --saliency {input.saliency:q} {params.options} "
        '--device "$MMER_DEVICE" --threads "$MMER_THREADS" --frame-logits {output:q} '
        "> {log:q} 2>&1"


rule vote_frames:
    input:
        frame_logits=lambda w: PLAN.frame_logits(w.model, w.variant),
    output:
        expand("<results>/posteriors/{{model}}/{{variant}}/{split}.csv", split=PLAN.splits),
    log:
        "<logs>/vote_frames/{model}_{variant}.log",
    wildcard_constraints:
        model=PLAN.models("max_voting"),
    conda:
        "../envs/workflow.yaml"
    params:
        splits=lambda w: PLAN.all_splits,
        folder=lambda w, output: str(Path(output[0]).parent),
        version=PLAN.version("vote_frames"),
    shell:
        "python -m vote_frames --frame-logits {input.frame_logits:q} "
        "--splits {params.splits:q} --posteriors-folder {params.folder:q} > {log:q} 2>&1"


# The grid of section 4.2 on every split: trainings of seconds, which share a process and a device.
rule train_bilstm:
    input:
        frames=PLAN.prepared("frames"),
        saliency=PLAN.prepared("saliency"),
        spans=lambda w: PLAN.spans(w.variant),
        spatial_transformers=lambda w: PLAN.networks(w.model, w.variant),
    output:
        expand("<results>/posteriors/{{model}}/{{variant}}/{split}.csv", split=PLAN.splits),
        expand(
            "<results>/models/{{model}}/{{variant}}/{split}/{file}",
            split=PLAN.splits,
            file=["model.safetensors", "history.csv", "attention.npz"],
        ),
        architectures="<results>/models/{model}/{variant}/architectures.csv",
    log:
        "<logs>/train_bilstm/{model}_{variant}.log",
    benchmark:
        "<benchmarks>/train_bilstm/{model}_{variant}.tsv"
    wildcard_constraints:
        model=PLAN.models("bilstm"),
    conda:
        "../envs/workflow.yaml"
    threads: CONFIG.compute.threads
    resources:
        gpu=PLAN.gpu,
        gpu_share=PLAN.shared_gpu_share,
    params:
        options=lambda w: PLAN.grid_options("train_bilstm", w.model, w.variant),
        posteriors=lambda w, output: str(Path(output[0]).parent),
        models=lambda w, output: str(Path(output.architectures).parent),
    shell:
        "$MMER_ON_SHARED_GPU "
        "python -m train_bilstm --frames {input.frames:q} --saliency {input.saliency:q} "
        "--spatial-transformers {input.spatial_transformers:q} {params.options} "
        '--device "$MMER_DEVICE" --threads "$MMER_THREADS" --at-once "$MMER_TRAININGS_AT_ONCE" '
        "--models-folder {params.models:q} --posteriors-folder {params.posteriors:q} "
        "--architectures {output.architectures:q} > {log:q} 2>&1"
