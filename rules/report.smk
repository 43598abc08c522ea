# Tables, figures and provenance; `snakemake --report` binds them into one page.


rule write_tables:
    input:
        evaluation=rules.evaluate_systems.output,
        grids=list(PLAN.grids.values()),
    output:
        report(
            "<results>/tables/verdicts.html",
            category="1 Beside the paper",
            labels={"table": "every number of the paper, with its verdict"},
            caption="../resources/captions/verdicts.rst",
        ),
        report(
            "<results>/tables/summary.html",
            category="1 Beside the paper",
            labels={"table": "all systems of the run"},
            caption="../resources/captions/summary_table.rst",
        ),
        report(
            "<results>/tables/speech.html",
            category="2 Tables",
            labels={"table": "Table 1, speech"},
            caption="../resources/captions/speech_table.rst",
        ),
        report(
            "<results>/tables/face.html",
            category="2 Tables",
            labels={"table": "Tables 2 and 3, face"},
            caption="../resources/captions/face_table.rst",
        ),
        report(
            "<results>/tables/fusion.html",
            category="2 Tables",
            labels={"table": "Table A3, fusion"},
            caption="../resources/captions/fusion_table.rst",
        ),
        report(
            "<results>/tables/significance.html",
            category="2 Tables",
            labels={"table": "Cochran and McNemar"},
            caption="../resources/captions/significance_table.rst",
        ),
        report(
            "<results>/tables/groups.html",
            category="2 Tables",
            labels={"table": "By emotion, actor, intensity, sex, statement"},
            caption="../resources/captions/groups.rst",
        ),
        expand(
            "<results>/tables/{table}.{format}",
            table=["verdicts", "groups", "summary", "speech", "face", "fusion", "significance"],
            format=["csv", "md", "tex"],
        ),
    log:
        "<logs>/write_tables.log",
    conda:
        "../envs/workflow.yaml"
    params:
        evaluation=lambda w, input: str(Path(input.evaluation[0]).parent),
        grids=lambda w: json.dumps(PLAN.grids),
        paper_rows=lambda w: PLAN.paper_rows,
        label=CONFIG.corpus.label,
        out=lambda w, output: str(Path(output[0]).parent),
        version=PLAN.version("write_tables"),
    shell:
        "python -m write_tables --evaluation {params.evaluation:q} "
        "--fusion-grids {params.grids:q} --paper-rows {params.paper_rows:q} "
        "--corpus-label {params.label:q} --out {params.out:q} "
        "> {log:q} 2>&1"


rule tabulate_architectures:
    input:
        [grid["architectures"] for grid in PLAN.architecture_grids.values()],
    output:
        report(
            "<results>/tables/architectures.html",
            category="2 Tables",
            labels={"table": "Table A2, architectures"},
            caption="../resources/captions/architectures.rst",
        ),
        expand("<results>/tables/architectures.{format}", format=["csv", "md", "tex"]),
    log:
        "<logs>/tabulate_architectures.log",
    conda:
        "../envs/workflow.yaml"
    params:
        grids=lambda w: json.dumps(PLAN.architecture_grids),
        paper=str(PAPER_TABLES),
        paper_rows=lambda w: PLAN.paper_rows_of(PLAN.architecture_grids),
        label=CONFIG.corpus.label,
        out=lambda w, output: str(Path(output[0]).parent),
        version=PLAN.version("tabulate_architectures"),
    shell:
        "python -m tabulate_architectures --grids {params.grids:q} --paper {params.paper:q} "
        "--paper-rows {params.paper_rows:q} --corpus-label {params.label:q} "
        "--out {params.out:q} > {log:q} 2>&1"


rule draw_figures:
    input:
        evaluation=rules.evaluate_systems.output,
    output:
        report(
            "<results>/figures/accuracies.svg",
            category="3 Accuracies (figure 7)",
            labels={"figure": "best of each modality, figure 7"},
            caption="../resources/captions/accuracies.rst",
        ),
        report(
            "<results>/figures/systems.svg",
            category="3 Accuracies (figure 7)",
            labels={"figure": "all systems"},
            caption="../resources/captions/systems.rst",
        ),
        *[
            report(
                f"<results>/figures/{name}.svg",
                category="3 Accuracies (figure 7)",
                labels={"figure": words},
                caption="../resources/captions/groups.rst",
            )
            for name, words in (
                ("groups", "by emotion, intensity, sex, statement"),
                ("actors", "by actor"),
            )
        ],
        report(
            "<results>/figures/reliability.svg",
            category="3 Accuracies (figure 7)",
            labels={"figure": "by confidence: reliability"},
            caption="../resources/captions/reliability.rst",
        ),
        *[
            report(
                f"<results>/figures/{figure.name}.svg",
                category="4 Confusion matrices (figures 5, 6, 8)",
                subcategory=figure.group,
                labels=figure.labels,
                caption="../resources/captions/confusion.rst",
            )
            for figure in PLAN.confusion_figures()
        ],
    log:
        "<logs>/draw_figures.log",
    conda:
        "../envs/workflow.yaml"
    params:
        evaluation=lambda w, input: str(Path(input.evaluation[0]).parent),
        label=CONFIG.corpus.label,
        out=lambda w, output: str(Path(output[0]).parent),
        version=PLAN.version("draw_figures"),
    shell:
        "python -m draw_figures --evaluation {params.evaluation:q} "
        "--corpus-label {params.label:q} --out {params.out:q} > {log:q} 2>&1"


rule draw_learning_curves:
    input:
        flat(PLAN.histories()),
    output:
        *[
            report(
                f"<results>/figures/{figure.name}.svg",
                category="6 Learning curves",
                subcategory=figure.group,
                labels=figure.labels,
                caption="../resources/captions/learning_curves.rst",
            )
            for figure in PLAN.learning_figures()
        ],
    log:
        "<logs>/draw_learning_curves.log",
    conda:
        "../envs/workflow.yaml"
    params:
        histories=lambda w: json.dumps(PLAN.histories()),
        titles=lambda w: PLAN.learning_titles,
        label=CONFIG.corpus.label,
        out=lambda w, output: str(Path(output[0]).parent),
        version=PLAN.version("draw_learning_curves"),
    shell:
        "python -m draw_learning_curves --histories {params.histories:q} "
        "--titles {params.titles:q} --corpus-label {params.label:q} --out {params.out:q} "
        "> {log:q} 2>&1"


rule draw_clips:
    input:
        **PLAN.clip_inputs(),
    output:
        *[
            report(
                f"<results>/figures/{figure.name}.svg",
                category="5 Clips frame by frame (figures A1 to A3)",
                labels=figure.labels,
                caption="../resources/captions/clip.rst",
            )
            for figure in PLAN.clip_figures()
        ],
    log:
        "<logs>/draw_clips.log",
    conda:
        "../envs/workflow.yaml"
    params:
        options=lambda w: PLAN.clip_options(),
        label=CONFIG.corpus.label,
        out=lambda w, output: str(Path(output[0]).parent),
        version=PLAN.version("draw_clips"),
    shell:
        "python -m draw_clips {params.options} --corpus-label {params.label:q} "
        "--out {params.out:q} > {log:q} 2>&1"


rule describe_speech_spans:
    input:
        audio=PLAN.prepared("audio"),
        spans=PLAN.prepared("speech"),
    output:
        report(
            "<results>/tables/speech_spans.html",
            category="7 Preparation",
            labels={"what": "voice activity detection", "as": "table"},
            caption="../resources/captions/speech_spans.rst",
        ),
        report(
            "<results>/figures/speech_spans.svg",
            category="7 Preparation",
            labels={"what": "voice activity detection", "as": "figure"},
            caption="../resources/captions/speech_spans.rst",
        ),
        "<results>/tables/speech_spans_by_clip.csv",
        expand("<results>/tables/speech_spans.{format}", format=["csv", "md", "tex"]),
    log:
        "<logs>/describe_speech_spans.log",
    conda:
        "../envs/workflow.yaml"
    params:
        label=CONFIG.corpus.label,
        out=lambda w, output: str(Path(output[0]).parents[1]),
        version=PLAN.version("describe_speech_spans"),
    shell:
        "python -m describe_speech_spans --audio {input.audio:q} --spans {input.spans:q} "
        "--corpus-label {params.label:q} --tables {params.out:q}/tables "
        "--figures {params.out:q}/figures > {log:q} 2>&1"


rule draw_saliency:
    input:
        frames=PLAN.prepared("frames"),
        saliency=PLAN.prepared("saliency"),
    output:
        report(
            "<results>/figures/saliency.svg",
            category="7 Preparation",
            labels={"what": "saliency maps", "as": "figure"},
            caption="../resources/captions/saliency.rst",
        ),
    log:
        "<logs>/draw_saliency.log",
    conda:
        "../envs/workflow.yaml"
    params:
        method=PLAN.saliency_method,
        label=CONFIG.corpus.label,
        out=lambda w, output: str(Path(output[0]).parent),
        version=PLAN.version("draw_saliency"),
    shell:
        "python -m draw_saliency --frames {input.frames:q} --saliency {input.saliency:q} "
        "--method {params.method:q} --corpus-label {params.label:q} --out {params.out:q} "
        "> {log:q} 2>&1"


rule tabulate_costs:
    input:
        # Every step that is measured has ended when the evaluation has.
        rules.evaluate_systems.output,
    output:
        report(
            "<results>/tables/costs.html",
            category="8 Time and memory",
            labels={"as": "table"},
            caption="../resources/captions/costs.rst",
        ),
        report(
            "<results>/figures/costs.svg",
            category="8 Time and memory",
            labels={"as": "figure"},
            caption="../resources/captions/costs.rst",
        ),
        expand("<results>/tables/costs.{format}", format=["csv", "md", "tex"]),
    log:
        "<logs>/tabulate_costs.log",
    conda:
        "../envs/workflow.yaml"
    params:
        label=CONFIG.corpus.label,
        out=lambda w, output: str(Path(output[0]).parents[1]),
        version=PLAN.version("tabulate_costs"),
    shell:
        "python -m tabulate_costs --benchmarks {params.out:q}/benchmarks "
        "--corpus-label {params.label:q} --tables {params.out:q}/tables "
        "--figures {params.out:q}/figures > {log:q} 2>&1"


rule write_configuration:
    output:
        "<results>/configuration.json",
    log:
        "<logs>/write_configuration.log",
    conda:
        "../envs/workflow.yaml"
    params:
        digest=PLAN.digest,
    shell:
        "printf '%s\n' \"$MMER_CONFIGURATION\" > {output:q}.unfinished 2> {log:q} "
        "&& mv {output:q}.unfinished {output:q}"


rule describe_run:
    input:
        configuration=rules.write_configuration.output[0],
        # Its versions are those that the results were made with, so it follows them.
        evaluation=rules.evaluate_systems.output,
    output:
        page=report(
            "<results>/provenance.html",
            category="9 Provenance",
            labels={"page": "where the numbers come from"},
            caption="../resources/captions/provenance.rst",
        ),
        data="<results>/provenance.json",
    log:
        "<logs>/describe_run.log",
    conda:
        "../envs/workflow.yaml"
    params:
        label=CONFIG.corpus.label,
        weights=lambda w: PLAN.origins(),
        version=PLAN.version("describe_run"),
    shell:
        "python -m describe_run --config {input.configuration:q} --corpus-label {params.label:q} "
        "--weights {params.weights:q} --out {output.page:q} > {log:q} 2>&1"


rule write_landing:
    input:
        evaluation=rules.evaluate_systems.output,
        verdicts="<results>/tables/verdicts.csv",
        configuration=rules.write_configuration.output[0],
    output:
        "<results>/landing.html",
    log:
        "<logs>/write_landing.log",
    conda:
        "../envs/workflow.yaml"
    params:
        evaluation=lambda w, input: str(Path(input.evaluation[0]).parent),
        pages=lambda w: PLAN.pages,
        figures=lambda w, output: str(Path(output[0]).parent / "figures"),
        version=PLAN.version("write_landing"),
    shell:
        "python -m write_landing --evaluation {params.evaluation:q} "
        "--verdicts {input.verdicts:q} --config {input.configuration:q} "
        "--pages {params.pages:q} --figures {params.figures:q} --out {output:q} > {log:q} 2>&1"
