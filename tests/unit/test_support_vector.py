"""Support vector classification: what it predicts, what its posteriors say, what decides at C."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pydantic
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, Normalizer, StandardScaler
from sklearn.svm import SVC

from mmer.corpus.clips import Clip
from mmer.corpus.folds import Split
from mmer.errors import UserError
from mmer.posteriors import read_posteriors
from mmer.speech.embeddings import Embeddings, write_embeddings
from mmer.speech.support_vector import KernelToTraining, classify_split, outvoted
from mmer.speech.support_vector_settings import SupportVectorSettings

ENTRY = Path(__file__).parents[2] / "workflow_scripts" / "classify_embeddings.py"
SPLIT = Split("heldout0", train_actors=(1, 2, 3), heldout_actors=(4,))
NEUTRAL = 0


def embeddings(per_emotion: int = 4, fewer_neutral: int = 0, spread: float = 1.0) -> Embeddings:
    """Twelve noisy numbers per clip around a centre for each emotion; not negative."""
    rng = np.random.default_rng(5)
    centres = 2 * rng.random((8, 12))
    names, values = [], []
    for actor in (4, 1, 2, 3):
        for emotion in range(1, 9):
            count = per_emotion - (fewer_neutral if emotion == 1 else 0)
            for take in range(count):
                name = Clip(1, 1, emotion, 1, 1 + take % 2, 1 + take // 2, actor).name
                names.append(name)
                noise = rng.normal(0, spread, 12)
                values.append(np.maximum(0, centres[emotion - 1] + noise))
    return Embeddings(tuple(names), np.array(values, np.float32))


def settings(**changes) -> SupportVectorSettings:
    return SupportVectorSettings(**changes)


def _by_hand(data: Embeddings) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Training values and labels, then held-out ones, clips in order of their names."""
    order = np.argsort(data.clips)
    clips = [Clip.parse(data.clips[row]) for row in order]
    values = data.values[order].astype(np.float64)
    labels = np.array([clip.label for clip in clips])
    train = np.array([clip.actor != 4 for clip in clips])
    return values[train], labels[train], values[~train], labels[~train]


def test_the_papers_settings_are_the_defaults():
    default = SupportVectorSettings()
    assert (default.kernel, default.C, default.gamma) == ("rbf", 0.001, "scale")
    assert SupportVectorSettings(gamma=0.25).gamma == 0.25
    for wrong in ({"C": 0}, {"gamma": -1}, {"gamma": "wide"}):
        with pytest.raises(pydantic.ValidationError):
            SupportVectorSettings(**wrong)


@pytest.mark.parametrize("ties", [False, True], ids=["ties to the first", "ties to the clearest"])
@pytest.mark.parametrize("c", [0.001, 1.0])
def test_the_most_probable_class_is_the_classifiers_own_prediction(ties, c):
    data = embeddings(spread=6.0)
    values, labels, heldout, _ = _by_hand(data)
    own = SVC(C=c, break_ties=ties).fit(values, labels).predict(heldout)
    posteriors = classify_split(data, SPLIT, settings(C=c, break_ties=ties))
    assert posteriors.only("heldout").predicted.tolist() == own.tolist()


def test_both_ways_with_ties_differ_only_where_duels_are_even():
    data = embeddings(spread=6.0)
    first, clearest = (
        classify_split(data, SPLIT, settings(break_ties=ties)) for ties in (False, True)
    )
    differing = np.flatnonzero(first.predicted != clearest.predicted)
    assert differing.size  # else this test shows nothing
    for row in differing:
        values = clearest.logits[row]
        ours, theirs = values[clearest.predicted[row]], values[first.predicted[row]]
        assert round(ours) == round(theirs)  # equally many duels won
        assert first.predicted[row] < clearest.predicted[row]
        assert sorted(first.logits[row]) == sorted(values)


def test_probabilities_are_the_softmax_of_the_decision_values():
    posteriors = classify_split(embeddings(), SPLIT, settings(C=1, break_ties=True))
    exponentials = np.exp(posteriors.logits)
    expected = exponentials / exponentials.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(posteriors.probabilities, expected)
    assert posteriors.clips == tuple(sorted(embeddings().clips))
    assert {name[-2:] for name in posteriors.only("heldout").clips} == {"04"}


@pytest.mark.parametrize(
    ("scaling", "scaler"),
    [("standard", StandardScaler), ("minmax", MinMaxScaler), ("l2", Normalizer)],
)
def test_scaling_is_fitted_on_the_training_rows_only(scaling, scaler):
    data = embeddings(spread=2.0)
    data.values[:32] *= 3  # the held-out actor, louder than any training actor
    values, labels, heldout, _ = _by_hand(data)
    by_hand = make_pipeline(scaler(), SVC(C=1.0, break_ties=True)).fit(values, labels)
    posteriors = classify_split(
        data, SPLIT, settings(C=1.0, scaling=scaling, break_ties=True)
    ).only("heldout")
    np.testing.assert_allclose(posteriors.logits, by_hand.decision_function(heldout))


def test_other_actors_and_the_order_of_clips_do_not_matter():
    data = embeddings()
    split = Split("heldout0", train_actors=(1, 2), heldout_actors=(4,))
    less = [row for row, name in enumerate(data.clips) if name[-2:] != "03"][::-1]
    reversed_data = Embeddings(tuple(data.clips[row] for row in less), data.values[less])
    ours, other = (classify_split(some, split, settings(C=1)) for some in (data, reversed_data))
    assert ours.clips == other.clips
    np.testing.assert_array_equal(ours.logits, other.logits)


# What the paper's C of 0.001 does


def test_with_tiny_c_and_equal_classes_even_smaller_c_predicts_the_same():
    values, labels, heldout, truth = _by_hand(embeddings())
    predicted = [SVC(C=c).fit(values, labels).predict(heldout) for c in (0.001, 0.0001)]
    assert predicted[0].tolist() == predicted[1].tolist()
    assert (predicted[0] == truth).mean() > 0.5
    assert (np.abs(SVC(C=0.001).fit(values, labels).dual_coef_).max(axis=0) == 0.001).all()


def test_with_tiny_c_a_smaller_class_is_never_predicted_and_the_log_says_so(caplog):
    data = embeddings(fewer_neutral=2, spread=0.1)  # nothing is easier to tell apart
    with caplog.at_level(logging.WARNING):
        posteriors = classify_split(data, SPLIT, settings())
    assert NEUTRAL not in posteriors.predicted
    assert "the emotion neutral, with 6 training clips, loses" in caplog.text
    assert (classify_split(data, SPLIT, settings(C=10)).predicted == posteriors.labels).all()


def test_balanced_weights_mend_it_where_counts_are_multiples(caplog):
    data = embeddings(fewer_neutral=2, spread=0.1)
    balanced = settings(class_weight="balanced")
    with caplog.at_level(logging.WARNING):
        posteriors = classify_split(data, SPLIT, balanced)
    assert (posteriors.predicted == posteriors.labels).all()
    assert not caplog.text
    with caplog.at_level(logging.WARNING):
        classify_split(embeddings(fewer_neutral=1), SPLIT, balanced)  # 9 against 12
    assert "rounding errors of the balanced weights" in caplog.text


def test_classes_are_outvoted_below_one_over_twice_their_clips():
    assert outvoted(np.array([76, 152, 152]), 0.001) == [0]
    assert outvoted(np.array([151, 152, 152]), 0.001) == [0]
    assert outvoted(np.array([152, 152, 152]), 0.001) == []
    assert outvoted(np.array([76, 152, 152]), 0.01) == []


def test_missing_emotions_and_actors_are_told():
    data = embeddings()
    no_calm = [row for row, name in enumerate(data.clips) if name[6:8] != "02"]
    less = Embeddings(tuple(data.clips[row] for row in no_calm), data.values[no_calm])
    with pytest.raises(UserError, match="no training clip of the emotion calm"):
        classify_split(less, SPLIT, settings())
    with pytest.raises(UserError, match="needs actor 9"):
        classify_split(data, Split("a", train_actors=(1, 9), heldout_actors=(4,)), settings())


def test_the_entry_writes_a_table_per_split(tmp_path):
    write_embeddings(tmp_path / "embeddings.npz", embeddings())
    splits = {
        f"heldout{actor}": {
            "name": f"heldout{actor}",
            "train_actors": [other for other in (1, 2, 3, 4) if other != actor],
            "heldout_actors": [actor],
        }
        for actor in (4, 1)
    }
    command = [sys.executable, str(ENTRY), "--embeddings", str(tmp_path / "embeddings.npz")]
    command += ["--splits", json.dumps(splits), "--settings", "{}"]
    subprocess.run(
        [*command, "--out-folder", str(tmp_path / "out")], check=True, capture_output=True
    )
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "heldout1.csv",
        "heldout4.csv",
    ]
    table = read_posteriors(tmp_path / "out" / "heldout4.csv")
    ours = classify_split(embeddings(), SPLIT, settings())
    assert table.clips == ours.clips
    np.testing.assert_allclose(table.logits, ours.logits)


@pytest.mark.parametrize(
    ("kernel", "gamma"), [("rbf", "scale"), ("rbf", "auto"), ("rbf", 0.3), ("linear", "scale")]
)
def test_the_kernel_made_at_once_gives_the_classifiers_own_decision_values(kernel, gamma):
    random = np.random.default_rng(5)
    values, heldout = random.normal(size=(40, 6)), random.normal(size=(7, 6))
    labels = np.arange(40) % 8
    own = SVC(kernel=kernel, gamma=gamma, C=0.7).fit(values, labels)
    ours = make_pipeline(KernelToTraining(kernel, gamma), SVC(kernel="precomputed", C=0.7))
    found = ours.fit(values, labels).decision_function(heldout)
    np.testing.assert_allclose(found, own.decision_function(heldout), rtol=0, atol=1e-3)


def test_rows_that_are_all_alike_have_the_librarys_width():
    assert KernelToTraining("rbf", "scale").fit(np.ones((3, 4))).gamma_ == 1.0
