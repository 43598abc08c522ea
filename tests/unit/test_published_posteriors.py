"""The authors' own published posteriors give the authors' own published numbers."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from mmer.corpora.ravdess import Clip, Ravdess, RavdessSettings
from mmer.evaluation.best_fusion import best_fusion, nested_fusion
from mmer.evaluation.choices import worth
from mmer.evaluation.fusion_choices import of_fused, same_on_resubstituted
from mmer.evaluation.job import FusionRequest
from mmer.evaluation.metrics import mean_accuracy, pooled_accuracy
from mmer.evaluation.predictions import System, correctness, from_posteriors
from mmer.evaluation.settings import SignificanceSettings
from mmer.evaluation.significance import compare
from mmer.external.assembly import assemble
from mmer.external.tables import read_external_table
from mmer.fusion.grid import fuse
from mmer.fusion.nested import fuse_nested
from mmer.fusion.settings import FusionSettings, InputsSettings
from mmer.items import items_table
from mmer.models.external import ExternalLayout
from mmer.nested_predictions import out_of_fold
from mmer.predictions import Posteriors

DATA = (
    Path(__file__).parents[3]
    / "shared/mirror/raw.githubusercontent.com/cristinalunaj/MMEmotionRecognition"
    / "aeb78449206ec2742d2cd886052322295c6c1321/data"
)
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the mirror with the published posteriors is not on this machine"
)
RAVDESS = Ravdess(RavdessSettings(), None, 0)
TASK = RAVDESS.tasks["emotion"]
SPLITS = RAVDESS.splits("emotion", None)
PROBABILITIES = ExternalLayout(
    separator=";",
    item_column="video_name",
    values_prefix="embs",
    class_order="task",
    values="probability",
)
LAYOUTS = {
    "wav2vec2": ExternalLayout(
        separator=";",
        item_column="name",
        values_prefix="embs",
        class_order="alphabetical",
        values="logit",
    ),
    "au_bilstm": ExternalLayout(
        header=False,
        item_column=0,
        item_suffix=".csv",
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
REQUEST = FusionRequest(name="all/minmax", title="All", fed="minmax", predictions="fused.csv")
MINMAX = InputsSettings(scaling="minmax")
Systems = dict[str, dict[str, Posteriors]]


def files(system: str, fold: int) -> tuple[Path | None, Path]:
    """Files of what a fold from 0 trains on and is tested on, in the order of the paper's folds."""
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
def published() -> Systems:
    rows = [Clip.parse(name).row for name in (DATA / "ravdess_videos.csv").read_text().split()]
    items = items_table(rows, ["emotion"])
    tables: Systems = {name: {} for name in LAYOUTS}
    for name, layout in LAYOUTS.items():
        for fold, (split_name, split) in enumerate(SPLITS.items()):
            train, test = files(name, fold)
            tables[name][split_name] = assemble(
                split,
                layout,
                TASK,
                items,
                train and read_external_table(train, layout, TASK),
                read_external_table(test, layout, TASK),
            )
    return tables


@pytest.fixture(scope="module")
def fused(published: Systems) -> pd.DataFrame:
    names = ("wav2vec2", "au_bilstm", "au_mlp")
    return fuse({name: published[name] for name in names}, TASK, MINMAX, ONE_C)


def system(name: str, published: Systems) -> System:
    folds = {split: from_posteriors(name, split, table) for split, table in published[name].items()}
    return System(name, name, MODALITIES[name], "full", folds)


@pytest.mark.parametrize(
    ("name", "accuracy"),
    [("wav2vec2", "81.82"), ("au_bilstm", "62.13"), ("au_mlp", "60.22"), ("fused", "86.70")],
)
def test_each_system_has_its_published_accuracy(
    published: Systems, name: str, accuracy: str
) -> None:
    # Reading them refused nothing, although every speaker and item of each part was checked.
    assert sum(len(part.only("test").names) for part in published[name].values()) == 1440
    assert f"{mean_accuracy(system(name, published)):.2f}" == accuracy


def test_fusing_the_three_agrees_with_the_published_fusion_on_every_item(
    published: Systems, fused: pd.DataFrame
) -> None:
    items = next(iter(published["wav2vec2"].values())).items
    ours = best_fusion(REQUEST, fused, TASK, items)
    theirs = system("fused", published)
    assert f"{mean_accuracy(ours):.2f}" == "86.70"
    for split in SPLITS:
        assert ours.folds[split].items.names == theirs.folds[split].items.names
        assert (ours.folds[split].predicted == theirs.folds[split].predicted).all()
        # Today's default tolerance of scikit-learn stops earlier and differs by up to 0.02.
        apart = ours.folds[split].probabilities - theirs.folds[split].probabilities
        assert abs(apart).max() < 1e-3


def test_fusing_out_of_fold_rows_is_worth_less_than_fusing_those_that_models_learned_from(
    published: Systems,
) -> None:
    names = ("wav2vec2", "au_bilstm", "au_mlp")
    items = next(iter(published["wav2vec2"].values())).items
    rows = {name: out_of_fold(published[name]) for name in names}
    fused, grid = fuse_nested(rows, TASK, items, MINMAX, ONE_C)
    stacked = nested_fusion(REQUEST, fused, TASK, items)
    assert f"{pooled_accuracy(stacked):.2f} {mean_accuracy(stacked):.2f}" == "85.42 85.38"
    assert set(grid["split"]) == set(SPLITS)


def test_the_nested_fusion_on_resubstituted_rows_is_the_published_one_again(
    published: Systems,
) -> None:
    names = ("wav2vec2", "au_bilstm", "au_mlp")
    items = next(iter(published["wav2vec2"].values())).items
    rows = {name: out_of_fold(published[name]) for name in names}
    nested, _ = fuse_nested(rows, TASK, items, MINMAX, ONE_C)
    own = {name: published[name] for name in names}
    same = of_fused(same_on_resubstituted(own, nested, TASK, MINMAX, ONE_C), TASK, items)
    ours = of_fused(fuse(own, TASK, MINMAX, ONE_C), TASK, items)
    assert same.equals(ours)
    found = worth([(same, of_fused(nested, TASK, items))], items, 10_000, 2020)
    assert f"{found.with_it:.2f} {found.without:.2f} {found.difference:.2f}" == "86.74 85.42 1.32"
    assert found.low < 0 < found.high


def test_speech_face_and_fusion_differ_significantly(published: Systems) -> None:
    systems = [system(name, published) for name in ("wav2vec2", "au_bilstm", "fused")]
    q, *pairs = compare(systems, SignificanceSettings())
    assert q.p_value < 0.001 and all(pair.corrected_p < 0.001 for pair in pairs)
    # What each pair alone gets right, and the exact binomial test of it.
    alone = [(pair.only_first_correct, pair.only_second_correct) for pair in pairs]
    assert alone == [(422, 140), (28, 97), (67, 418)]
    p_values = [pair.p_value for pair in pairs]
    assert p_values == pytest.approx([7.9e-34, 4.2e-10, 4.8e-63], rel=0.01)
    # Q by the textbook's formula, apart from statsmodels.
    correct = correctness(systems)
    by_system, by_item, total = correct.sum(axis=0), correct.sum(axis=1), correct.sum()
    formula = 2 * (3 * (by_system**2).sum() - total**2) / (3 * total - (by_item**2).sum())
    assert by_system.tolist() == [1180, 898, 1249]
    assert q.statistic == pytest.approx(formula) == pytest.approx(354.0717, abs=1e-4)
