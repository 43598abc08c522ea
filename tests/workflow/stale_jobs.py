"""Which jobs follow which, by rule and by wildcard values, for the tests of what re-runs."""

from __future__ import annotations

import yaml

from .conftest import ACTORS, REPOSITORY
from .planned_jobs import Jobs, jobs, together

# What there is

SYSTEMS = yaml.safe_load((REPOSITORY / "config.yaml").read_text("utf-8"))["systems"]
SPLITS = ("heldout0", "heldout1")
VARIANTS = ("full", "vad")
ACTOR_NAMES = [f"{actor:02d}" for actor in ACTORS]
AFFECTNET_BILSTM = [f"affectnet_bilstm_{x}" for x in ("posteriors7", "fc50", "flatten810")]
STN_BILSTM = [f"stn_bilstm_{layer}" for layer in ("posteriors8", "fc50", "flatten810")]
SPEECH_EMBEDDINGS = ["deepspectrum_alexnet_fc7", "panns_cnn14_embedding"]
SPEECH_CLASSIFIERS = ["deepspectrum_svc", "panns_svc"]

# What follows what

EVALUATED = together(
    jobs("evaluate_systems"),
    jobs("write_tables"),
    jobs("draw_figures"),
    jobs("tabulate_costs"),
    jobs("describe_run"),
    jobs("write_landing"),
)
"""The evaluation and all that shows it."""

FUSED = together(jobs("fuse_posteriors", ["vad", "full", "mixed"]), EVALUATED)

CONFIGURED = together(
    jobs("write_configuration"),
    jobs("describe_run"),
    jobs("write_landing"),
)
"""What shows the configuration as a whole."""

FINE_TUNED_STN_READ = together(
    jobs("vote_frames", "stn_max_voting", VARIANTS),
    jobs("train_bilstm", STN_BILSTM, VARIANTS),
    jobs("tabulate_architectures"),
    jobs("draw_learning_curves"),
    jobs("draw_clips"),
    FUSED,
)
"""What reads the fine-tuned spatial transformer."""

FRAME_NETWORKS_READ = together(
    jobs("train_spatial_transformer", "stn_from_scratch", "full", SPLITS),
    jobs("train_spatial_transformer", "stn_fine_tuned", VARIANTS, SPLITS),
    jobs("score_frames", "affectnet_emotion", VARIANTS),
    jobs("vote_frames", "affectnet_max_voting", VARIANTS),
    jobs("vote_frames", "stn_from_scratch_max_voting", "full"),
    jobs("train_bilstm", AFFECTNET_BILSTM, VARIANTS),
    FINE_TUNED_STN_READ,
)
"""All that looks at faces, but for the networks trained on AffectNet."""

SPLIT_BY_SPLIT = together(
    jobs("predict_majority", ["zero_rule", "zero_rule_face"], "full"),
    jobs("classify_embeddings", SPEECH_CLASSIFIERS, VARIANTS),
    jobs("train_alexnet", "alexnet_fine_tuned", VARIANTS, SPLITS),
    jobs("train_cnn14", "cnn14_fine_tuned", VARIANTS, SPLITS),
    *(
        {rule: wildcards}
        for rule, wildcards in FRAME_NETWORKS_READ.items()
        if rule != "score_frames"
    ),
)
"""All that knows who is held out."""

READ_FROM_CLIPS = together(
    jobs("extract_embeddings", SPEECH_EMBEDDINGS, VARIANTS),
    jobs("describe_speech_spans"),
    jobs("draw_saliency"),
    FRAME_NETWORKS_READ,
    SPLIT_BY_SPLIT,
)
"""All that reads what is prepared of every actor."""

READ_FROM_SPANS = together(
    jobs("describe_speech_spans"),
    jobs("extract_embeddings", SPEECH_EMBEDDINGS, "vad"),
    jobs("classify_embeddings", SPEECH_CLASSIFIERS, "vad"),
    jobs("train_alexnet", "alexnet_fine_tuned", "vad", SPLITS),
    jobs("train_cnn14", "cnn14_fine_tuned", "vad", SPLITS),
    jobs("score_frames", "affectnet_emotion", "vad"),
    jobs("train_spatial_transformer", "stn_fine_tuned", "vad", SPLITS),
    jobs("vote_frames", ["affectnet_max_voting", "stn_max_voting"], "vad"),
    jobs("train_bilstm", [*AFFECTNET_BILSTM, *STN_BILSTM], "vad"),
    jobs("tabulate_architectures"),
    jobs("draw_learning_curves"),
    jobs("fuse_posteriors", ["vad", "mixed"]),
    EVALUATED,
)
"""All that is given trimmed clips."""


def prepared(actor: str) -> Jobs:
    """What is made of one actor's clips alone."""
    return together(
        jobs("prepare_media", actor), jobs("detect_speech", actor), jobs("map_saliency", actor)
    )


TRAINED = together(
    jobs("train_affectnet", ["affectnet_valence", "affectnet_emotion"]),
    jobs("train_alexnet", "alexnet_fine_tuned", VARIANTS, SPLITS),
    jobs("train_cnn14", "cnn14_fine_tuned", VARIANTS, SPLITS),
    FRAME_NETWORKS_READ,
)
"""All that the fit loop trains, and what follows."""
