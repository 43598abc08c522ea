"""Which jobs of the tiny run follow which, for the tests of what re-runs."""

from __future__ import annotations

from .planned_jobs import Jobs, jobs, together
from .tiny import SPEAKERS, SPLITS

PICTURES = ("affectnet/", "block00")
"""The wildcards of what is prepared of the other corpus."""

ON_PICTURES = ["affectnet_valence", "affectnet_emotion"]

EVALUATED = together(
    jobs("evaluate_systems"),
    jobs("write_tables"),
    jobs("draw_figures"),
    jobs("tabulate_costs"),
    jobs("describe_run"),
)
"""The evaluation and all that shows it."""

FUSED = together(jobs("fuse_predictions", "mixed", ("minmax", "unscaled")), EVALUATED)

CONFIGURED = together(jobs("write_configuration"), jobs("describe_run"))
"""What shows the configuration as a whole."""

BILSTM = jobs("train_bilstm", "stn_bilstm_flatten810", "vad")

SEQUENCES_READ = together(jobs("draw_learning_curves"), jobs("draw_items"), FUSED)
"""What reads a bi-LSTM."""

FINE_TUNED_STN_READ = together(
    jobs("vote_max_voting", "stn_max_voting", "vad"), BILSTM, SEQUENCES_READ
)
"""What reads the fine-tuned spatial transformer."""

FINE_TUNED_STN = together(
    jobs("train_spatial_transformer", "stn_fine_tuned", "vad", SPLITS), FINE_TUNED_STN_READ
)

SCORED = together(
    jobs("score_spatial_transformer", "affectnet_emotion", "full"),
    jobs("vote_max_voting", "affectnet_max_voting", "full"),
)

TRAINED_ON_PICTURES = together(
    jobs("validate_spatial_transformer_on_affectnet", ON_PICTURES, "published_list"),
    jobs("train_spatial_transformer_on_affectnet", ON_PICTURES),
    SCORED,
    FINE_TUNED_STN,
)
"""The networks of the other corpus and what follows from them."""

CNN14 = together(
    jobs("train_cnn14", "cnn14_fine_tuned", "full", SPLITS), jobs("draw_learning_curves"), FUSED
)

EMBEDDED = together(
    jobs("embed_alexnet_embedding", "deepspectrum_alexnet_fc7", "full"),
    jobs("classify_support_vector", "deepspectrum_svc", "full"),
    jobs("embed_cnn14_embedding", "panns_cnn14_embedding", "vad"),
    jobs("classify_support_vector", "panns_svc", "vad"),
)

FITTED = together(
    jobs("train_alexnet", "alexnet_fine_tuned", "full", SPLITS), CNN14, TRAINED_ON_PICTURES
)
"""All that the fit loop trains, and what follows."""

READ_FROM_RECORDINGS = together(
    jobs("compare_recordings"),
    EMBEDDED,
    jobs("train_alexnet", "alexnet_fine_tuned", "full", SPLITS),
    CNN14,
    SCORED,
    FINE_TUNED_STN,
    jobs("describe_preparation"),
)
"""All that reads what is prepared of every speaker."""

READ_FROM_SPANS = together(
    jobs("describe_preparation"),
    jobs("embed_cnn14_embedding", "panns_cnn14_embedding", "vad"),
    jobs("classify_support_vector", "panns_svc", "vad"),
    FINE_TUNED_STN,
)
"""All that is given trimmed items."""

FROM_ITEMS = together(
    jobs("predict_majority", "zero_rule", "full"),
    jobs("insist_stubborn", "stubborn", "full"),
    jobs("assemble_external", "theirs", "full", SPLITS),
)
"""What knows nothing of an item but the table."""


def prepared(speaker: str) -> Jobs:
    """What is made of one speaker's recordings alone."""
    return together(
        *(jobs(rule, speaker) for rule in ("prepare_films", "detect_speech", "map_saliency"))
    )


SALIENCY = jobs("map_saliency", SPEAKERS) | {
    "map_saliency": jobs("map_saliency", SPEAKERS)["map_saliency"] | {PICTURES}
}
