"""The tiny run: every family, every step and both variants once, in as few jobs as may be."""

from __future__ import annotations

ACTORS = (1, 2, 3, 5)
SPEAKERS = ("01", "02", "03", "05")
CLIPS = 8
FOLDS = [["01", "02"], ["03", "05"]]
SPLITS = ("fold0", "fold1")

OWN_FAMILY = "own_family.py"
"""A plug-in that lies beside the tests."""

SYSTEMS = (
    *("human_speech", "zero_rule", "stubborn/full", "theirs"),
    *("deepspectrum_svc/full", "panns_svc/vad", "alexnet_fine_tuned/full"),
    *("cnn14_fine_tuned/full", "cnn14_published/full"),
    *("affectnet_max_voting/full", "stn_max_voting/vad", "stn_bilstm_flatten810/vad"),
)

TINY = {
    "run": "tiny",
    "plugins": [OWN_FAMILY],
    "data": {"mirror": "mirror", "downloads": "downloads", "affectnet": "affectnet"},
    "corpora": {
        "ravdess": {
            "label": "synthetic test corpus",
            "actors": list(ACTORS),
            "clips_per_actor": CLIPS,
        },
        "affectnet": {"blocks": 1, "held_out": "published_list"},
    },
    "protocol": {"folds": FOLDS},
    "compute": {"device": "cpu", "threads": 1},
    "saliency": {"method": "spectral_residual"},
    "evaluation": {"resamples": 1000},
    "systems": list(SYSTEMS),
    "report": {"item_system": "stn_max_voting/vad"},
    "fusion": {
        "pairings": {
            "vad": None,
            "full": ["cnn14_published/full", "theirs/full"],
            "mixed": ["cnn14_fine_tuned/full", "stn_bilstm_flatten810/vad"],
        },
        "settings": {
            "classifiers": {
                "logistic_regression": {"C": [1]},
                "svm_linear": {"C": [1]},
                "svm_rbf": {"C": [1]},
                "knn": {"k": [3]},
            }
        },
    },
    "models": {
        "stubborn": {"family": "stubborn", "title": "one that says the same of everything"},
        "theirs": {
            "family": "external",
            "title": "tables of somebody else's",
            "modality": "speech",
            "train": "theirs/train{fold}.csv",
            "test": "theirs/test{fold}.csv",
            "layout": {
                "item_column": "name",
                "values_prefix": "v",
                "class_order": "task",
                "values": "probability",
            },
        },
        "cnn14_published": {  # the mirror lacks its weights
            "family": "cnn14",
            "title": "CNN-14 with the published weights",
            "settings": {"weights": "panns_cnn14_16k"},
        },
        "deepspectrum_alexnet_fc7": {"settings": {"weights": "random", "width": 0.0625}},
        "panns_cnn14_embedding": {"settings": {"weights": "random", "width": 0.03125}},
        "alexnet_fine_tuned": {
            "settings": {"weights": "random", "trainable": "all", "width": 0.0625, "max_epochs": 2}
        },
        "cnn14_fine_tuned": {
            "settings": {
                "weights": "random",
                "width": 0.03125,
                "clip_seconds": 0.9,
                "batch_size": 4,
                "max_iterations": 4,
                "evaluate_every": 2,
            }
        },
        "affectnet_valence": {"published": None, "settings": {"max_epochs": 2}},
        "affectnet_emotion": {"settings": {"max_epochs": 2}},
        "stn_fine_tuned": {"settings": {"max_epochs": 2}},
        "stn_bilstm_flatten810": {
            "settings": {
                "architectures": [
                    {"layers": 1, "units": 4, "attention_layers": 1},
                    {"layers": 2, "units": 2, "attention_layers": 2},
                ],
                "max_epochs": 2,
            }
        },
    },
}
