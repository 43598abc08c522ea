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


def test_on_another_corpus_it_trains_once_or_takes_published_weights_or_cannot_run():
    alone = _entry(corpus="faces", target="valence")
    published = _entry(corpus="faces", target="valence", published="weights")
    for entry in (alone, published):
        assert _steps(entry, HERE) == [("train", "model"), ("score", "variant")]
        assert FAMILY.steps(entry, HERE)[0].corpus == "faces"
        assert FAMILY.weights(entry, HERE) is None and not FAMILY.starts_at_random(entry)
        assert FAMILY.cannot_run(entry, HERE) is None
        assert "trained here on valence" in FAMILY.origin(entry, HERE).source
    assert _steps(published, ELSEWHERE) == [("import_published", "model"), ("score", "variant")]
    assert FAMILY.weights(published, ELSEWHERE) == "weights"
    assert FAMILY.cannot_run(published, ELSEWHERE) is None
    assert _steps(alone, ELSEWHERE) == []
    assert "no network of faces's valence is published" in FAMILY.cannot_run(alone, ELSEWHERE)
