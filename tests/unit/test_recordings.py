"""Items of a split on the device: which, of what length, with which label and part."""

from functools import partial

import numpy as np
import pytest
import torch
from tests.spoken_pitches import (
    CPU,
    ITEMS,
    NESTED,
    PAIR,
    RATE,
    SPLIT,
    TASK,
    audio_of,
    told,
    tone,
)

from mmer.items import Items
from mmer.media.log_mel import LogMel, log_mels
from mmer.media.speech_spans import SpeechSpan
from mmer.models.cnn14 import Cnn14Settings
from mmer.protocol import Split
from mmer.ragged import Ragged
from mmer.runtime.errors import UserError
from mmer.training.recordings import ItemsOnDevice, load_recordings, put_on_device


def _waveforms(waveforms) -> torch.Tensor:
    return torch.from_numpy(np.stack(waveforms))


def _load(
    audio: Ragged | None = None,
    spans: dict[str, SpeechSpan] | None = None,
    split: Split = SPLIT,
    seconds: float | None = 0.4,
    items: Items = ITEMS,
) -> ItemsOnDevice:
    return put_on_device(audio or audio_of(), spans, items, split, TASK, seconds, _waveforms)


def _names(items: ItemsOnDevice, rows: torch.Tensor) -> set[str]:
    return {items.items.names[row] for row in rows}


def test_items_carry_the_label_and_part_of_their_table():
    items = _load(audio_of(("d", "a", "c", "b")))
    assert list(items.items.names) == sorted(ITEMS.names)
    assert items.labels.tolist() == list(range(8)) * 4
    assert _names(items, items.rows(*items.choosing_parts)) == {f"c{number}" for number in range(8)}
    assert len(items.rows("train")) == 24
    np.testing.assert_array_equal(items.inputs[items.items.names.index("b3")], tone(3, "b")[:6400])


def test_those_who_choose_may_be_others_than_those_who_are_tested():
    items = _load(split=NESTED)
    assert {name[0] for name in _names(items, items.rows("train"))} == {"a", "b"}
    assert {name[0] for name in _names(items, items.rows(*items.choosing_parts))} == {"d"}
    assert (items.part == "test").sum() == 8


def test_speakers_outside_the_split_and_items_without_a_class_are_left_out():
    table = ITEMS.table.copy()
    table.loc[table["item"] == "a3", "pitch"] = ""
    items = _load(split=PAIR, items=Items(table))
    expected = {f"{speaker}{number}" for speaker in "ac" for number in range(8)} - {"a3"}
    assert set(items.items.names) == expected


@pytest.mark.parametrize("seconds", [0.4, 0.8, None])
@pytest.mark.parametrize("span", [None, (0.1, 0.2)])
def test_a_span_is_cut_out_and_a_given_length_cuts_the_end_or_adds_silence(seconds, span):
    spans = span and {name: SpeechSpan(*span, found=True) for name in ITEMS.names}
    expected = tone(0, "a")[1600:3200] if span else tone(0, "a")
    if seconds:
        expected = np.pad(expected, (0, 13_000))[: round(seconds * RATE)]
    np.testing.assert_array_equal(_load(seconds=seconds, spans=spans).inputs[0], expected)


def test_log_mels_are_those_of_the_front_end(monkeypatch):
    monkeypatch.setattr("mmer.media.log_mel.ITEMS_AT_ONCE", 3)
    waveforms = [tone(number, "a") for number in range(8)]
    expected = LogMel()(torch.from_numpy(np.stack(waveforms)).float() / 32768)
    torch.testing.assert_close(log_mels(waveforms, CPU), expected)


def test_posteriors_are_the_softmax_of_the_logits():
    items = _load(split=PAIR)
    logits = torch.randn(16, 8)
    posteriors = items.posteriors(logits)
    assert posteriors.names == items.items.names and posteriors.part.tolist() == items.part.tolist()
    np.testing.assert_allclose(posteriors.probabilities, logits.double().softmax(1), atol=1e-12)
    np.testing.assert_array_equal(posteriors.logits, logits.double())


def test_a_job_says_all_of_it(tmp_path):
    settings = Cnn14Settings(weights="random")
    as_inputs = partial(log_mels, device=CPU)
    job = told(tmp_path, "cnn14", "train", settings, {}, PAIR, variant="vad")
    items = load_recordings(job, 0.4, as_inputs)
    assert items.inputs.shape == (16, 41, 64)
    cut = np.pad(tone(0, "a")[800:6400], (0, 800))
    torch.testing.assert_close(items.inputs[:1], log_mels([cut], CPU))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"audio": audio_of(("a", "b", "c"))}, "needs speaker d"),
        ({"audio": audio_of(("a", "b", "c", "d", "a"))}, "given twice"),
        ({"audio": Ragged.join(["x"], [tone(1, "a")], RATE)}, "item 'x' is not in the corpus"),
        ({"spans": {}}, "a0 has no speech span"),
        (
            {"spans": {name: SpeechSpan(0.2, 0.2, found=True) for name in ITEMS.names}},
            "holds no audio",
        ),
        (
            {
                "audio": Ragged.join(["a0", "c0"], [tone(0, "a")[:4000], tone(0, "c")], RATE),
                "split": PAIR,
            },
            r"a0 has 0\.250 s",
        ),
    ],
)
def test_faulty_audio_and_spans_are_named(changes, message):
    with pytest.raises(UserError, match=message):
        _load(**changes)
