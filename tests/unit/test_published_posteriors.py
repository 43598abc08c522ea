"""The authors' own published posteriors give the authors' own published numbers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from mmer.corpus.folds import PAPER_FOLDS, Split, one_fold_out
from mmer.evaluation.best_fusion import best_fusion
from mmer.evaluation.metrics import mean_accuracy
from mmer.evaluation.predictions import System, from_posteriors
from mmer.evaluation.settings import SignificanceSettings
from mmer.evaluation.significance import compare, correctness
from mmer.external.assembly import assemble
from mmer.external.layouts import ExternalLayout
from mmer.external.tables import read_external_table
from mmer.fusion.grid import fuse
from mmer.fusion.settings import FusionSettings
from mmer.posteriors import Posteriors, read_posteriors

ROOT = Path(__file__).parents[2]
DATA = (
    ROOT.parent
    / "shared/mirror/raw.githubusercontent.com/cristinalunaj/MMEmotionRecognition"
    / "aeb78449206ec2742d2cd886052322295c6c1321/data"
)
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the mirror with the published posteriors is not on this machine"
)
SPLITS = one_fold_out(PAPER_FOLDS, range(1, 25))
PROBABILITIES = ExternalLayout(
    separator=";",
    clip_column="video_name",
    values_prefix="embs",
    class_order="ravdess",
    values="probability",
)
LAYOUTS = {
    "wav2vec2": ExternalLayout(
        separator=";",
        clip_column="name",
        values_prefix="embs",
        class_order="alphabetical",
        values="logit",
    ),
    "au_bilstm": ExternalLayout(
        header=False,
        clip_column=0,
        clip_suffix=".csv",
        list_column=1,
        class_order="alphabetical",
        values="logit",
    ),
    "au_mlp": PROBABILITIES,
    "fused": PROBABILITIES,
}
MODALITIES = {"wav2vec2": "speech", "au_bilstm": "face", "au_mlp": "face", "fused": "fusion"}
ONE_C = FusionSettings.model_validate(
    {
        "classifiers": {
            "logistic_regression": {"C": [1]},
            "svm_linear": {"C": []},
            "svm_rbf": {"C": []},
            "knn": {"k": []},
        }
    }
)


def files(system: str, fold: int) -> tuple[Path | None, Path]:
    """Train and held-out file of a fold from 0, in the order of the paper's folds."""
    folder = DATA / "posteriors"
    if system == "wav2vec2":
        folder = folder / "wav2Vec/posteriors/20211020_094500" / f"fold{fold}"
        return folder / "posteriors_train.csv", folder / "posteriors_test.csv"
    if system == "au_bilstm":
        stem = folder / "AUs_biLSTM_6213/posteriorsv2"
        name = "RAVDESS_AUs-{}--fold_{}_outof_5-posteriors.csv"
        return stem / name.format("train", fold + 1), stem / name.format("val", fold + 1)
    if system == "au_mlp":
        folder = folder / "avg_MLP80_AUs/posteriors"
        return folder / f"train_fold{fold}.csv", folder / f"test_fold{fold}.csv"
    return None, folder / "Fusion/posteriors" / f"test_fold{fold}.csv"


@pytest.fixture(scope="module")
def published() -> dict[str, dict[str, Posteriors]]:
    clips = (DATA / "ravdess_videos.csv").read_text().split()
    tables: dict[str, dict[str, Posteriors]] = {name: {} for name in LAYOUTS}
    for name, layout in LAYOUTS.items():
        for fold, (split_name, split) in enumerate(SPLITS.items()):
            train, heldout = files(name, fold)
            tables[name][split_name] = assemble(
                split,
                layout,
                train and read_external_table(train, layout),
                read_external_table(heldout, layout),
                clips_per_actor=60,
                expected_clips=clips,
            )
    return tables


@pytest.fixture(scope="module")
def fused(published: dict[str, dict[str, Posteriors]]) -> pd.DataFrame:
    return fuse({name: published[name] for name in ("wav2vec2", "au_bilstm", "au_mlp")}, ONE_C)


def system(name: str, published: dict[str, dict[str, Posteriors]]) -> System:
    folds = {split: from_posteriors(name, split, table) for split, table in published[name].items()}
    return System(name, name, MODALITIES[name], "full", folds)


def test_the_published_folds_are_the_papers_in_the_papers_order(
    published: dict[str, dict[str, Posteriors]],
) -> None:
    # Reading them refused nothing, although every actor and clip of each part was checked.
    for name, parts in published.items():
        assert sum(len(part.only("heldout").clips) for part in parts.values()) == 1440, name


@pytest.mark.parametrize(
    ("name", "accuracy"),
    [("wav2vec2", "81.82"), ("au_bilstm", "62.13"), ("au_mlp", "60.22"), ("fused", "86.70")],
)
def test_each_system_has_its_published_accuracy(
    published: dict[str, dict[str, Posteriors]], name: str, accuracy: str
) -> None:
    assert f"{mean_accuracy(system(name, published)):.2f}" == accuracy


def test_fusing_the_three_gives_the_published_accuracy(fused: pd.DataFrame) -> None:
    assert f"{mean_accuracy(best_fusion('all', 'All', 'full', fused)):.2f}" == "86.70"


def test_fusing_the_three_agrees_with_the_published_fusion_on_every_clip(
    published: dict[str, dict[str, Posteriors]], fused: pd.DataFrame
) -> None:
    ours = best_fusion("all", "All", "full", fused)
    theirs = system("fused", published)
    for split in SPLITS:
        assert ours.folds[split].clips == theirs.folds[split].clips
        assert (ours.folds[split].predicted == theirs.folds[split].predicted).all()


def test_the_published_probabilities_are_reached_closely(
    published: dict[str, dict[str, Posteriors]], fused: pd.DataFrame
) -> None:
    # Today's default tolerance of scikit-learn stops earlier and differs by up to 0.02.
    for split, rows in fused.groupby("split"):
        ours = rows.sort_values("clip").filter(regex="^p_").to_numpy()
        assert abs(ours - published["fused"][split].probabilities).max() < 1e-3


def test_speech_face_and_fusion_differ_significantly(
    published: dict[str, dict[str, Posteriors]],
) -> None:
    systems = [system(name, published) for name in ("wav2vec2", "au_bilstm", "fused")]
    q, *pairs = compare(systems, SignificanceSettings())
    assert q.p_value < 0.001 and all(pair.corrected_p_value < 0.001 for pair in pairs)
    # Q by the textbook's formula, apart from statsmodels.
    correct = correctness(systems)
    by_system, by_clip, total = correct.sum(axis=0), correct.sum(axis=1), correct.sum()
    formula = 2 * (3 * (by_system**2).sum() - total**2) / (3 * total - (by_clip**2).sum())
    assert by_system.tolist() == [1180, 898, 1249]
    assert q.statistic == pytest.approx(formula) == pytest.approx(354.0717, abs=1e-4)


def test_the_import_entry_writes_posteriors(
    tmp_path: Path, published: dict[str, dict[str, Posteriors]]
) -> None:
    split: Split = SPLITS["heldout4"]
    train, heldout = files("au_bilstm", 4)
    fields = {
        "name": split.name,
        "train_actors": split.train_actors,
        "heldout_actors": split.heldout_actors,
    }
    command = [sys.executable, str(ROOT / "workflow_scripts" / "import_posteriors.py")]
    command += ["--train", str(train), "--heldout", str(heldout), "--split", json.dumps(fields)]
    command += ["--layout", LAYOUTS["au_bilstm"].model_dump_json(), "--clips-per-actor", "60"]
    command += ["--clips", str(DATA / "ravdess_videos.csv"), "--out", str(tmp_path / "out.csv")]
    subprocess.run(command, check=True, capture_output=True)
    read, expected = read_posteriors(tmp_path / "out.csv"), published["au_bilstm"][split.name]
    assert read.clips == expected.clips and read.part.tolist() == expected.part.tolist()
    assert read.logits == pytest.approx(expected.logits, abs=0)
