"""The family spatial_transformer: which steps a model takes, and what its settings may be."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from mmer.models.spatial_transformer import SpatialTransformer, SpatialTransformerEntry

FAMILY = SpatialTransformer()
HERE, ELSEWHERE = frozenset({"faces"}), frozenset()


def _entry(**changes) -> SpatialTransformerEntry:
    return SpatialTransformerEntry(family="spatial_transformer", title="a face", **changes)


def _steps(entry: SpatialTransformerEntry, has: frozenset[str]) -> list[tuple[str, str]]:
    return [(step.verb, step.per) for step in FAMILY.steps(entry, has)]


@pytest.mark.parametrize(
    "change",
    [
        {"target": "valence"},
        {"corpus": "faces"},
        {"published": "weights"},
        {"corpus": "faces", "target": "valence", "of": "other"},
        {"settings": {"frame_stride": 0}},
        {"settings": {"weights": "random"}},
    ],
)
def test_an_entry_that_contradicts_itself_is_refused(change):
    with pytest.raises(ValidationError):
        _entry(**change)


def test_on_the_runs_corpus_it_trains_on_every_split():
    for of, read in ((None, ()), ("other", ("model",))):
        (step,) = FAMILY.steps(_entry(of=of), HERE)
        assert (step.verb, step.per, step.of_base) == ("train", "split", read)
        assert {output.per for output in step.outputs.values()} == {"split"}
    assert FAMILY.starts_at_random(_entry()) and not FAMILY.starts_at_random(_entry(of="other"))
    assert FAMILY.origin(_entry(of="other"), HERE).source == "the weights of other"


def test_on_another_corpus_it_trains_on_all_of_it_and_held_out_groups_give_its_score():
    entry = _entry(corpus="faces", target="valence")
    validate, train, score = FAMILY.steps(entry, HERE)
    assert (validate.verb, validate.per, validate.corpus) == ("validate", "split", "faces")
    assert (train.verb, train.per, train.corpus) == ("train", "model", "faces")
    assert train.own == ("score",) and "score" in validate.outputs
    assert (score.verb, score.per, score.corpus) == ("score", "variant", None)
    assert FAMILY.weights(entry, HERE) is None and not FAMILY.starts_at_random(entry)
    assert FAMILY.cannot_run(entry, HERE) is None
    assert "trained here on valence" in FAMILY.origin(entry, HERE).source
    assert _steps(entry, ELSEWHERE) == []
    assert "no published network of faces's valence is named" in FAMILY.cannot_run(entry, ELSEWHERE)


@pytest.mark.parametrize("has", [HERE, ELSEWHERE])
def test_a_published_network_stays_whether_or_not_its_corpus_is_there(has):
    entry = _entry(corpus="faces", target="valence", published="weights")
    assert _steps(entry, has) == [("import_published", "model"), ("score", "variant")]
    assert FAMILY.weights(entry, has) == "weights"
    assert FAMILY.cannot_run(entry, has) is None and FAMILY.origin(entry, has) is None
