"""Clips frame by frame: which are chosen after the paper's figures A1 to A3, and what is drawn."""

import json
from argparse import Namespace

import numpy as np
import pytest

import draw_clips
from mmer.corpus.folds import Split
from mmer.corpus.labels import EMOTIONS
from mmer.errors import UserError
from mmer.report.clip_choice import EXAMPLES, HeldoutClip, choose, heldout_clips, named
from mmer.report.clip_figure import ClipView, clip_figure
from mmer.store import Ragged, write_ragged

SPLITS = {
    "heldout0": {"name": "heldout0", "train_actors": [2], "heldout_actors": [1]},
    "heldout1": {"name": "heldout1", "train_actors": [1], "heldout_actors": [2]},
}
CALM, HAPPY, SAD, SURPRISED = (EMOTIONS.index(e) for e in ("calm", "happy", "sad", "surprised"))


def logits(*votes: int) -> np.ndarray:
    """One frame a vote, five in favour of it."""
    return 5 * np.eye(8, dtype=np.float32)[list(votes)]


def clip(emotion: int, statement: int, *votes: int) -> HeldoutClip:
    name = f"01-01-{emotion + 1:02d}-01-{statement:02d}-01-01"
    return HeldoutClip(name, "heldout0", logits(*votes))


def by_name(*clips: HeldoutClip) -> dict[str, HeldoutClip]:
    return {each.name: each for each in clips}


def test_the_calm_example_is_recognised_and_has_the_most_happy_frames():
    few = clip(CALM, 1, CALM, CALM, CALM, HAPPY)
    lost = clip(CALM, 2, HAPPY, HAPPY, HAPPY, CALM)
    assert choose(EXAMPLES[0], by_name(few, lost)) is few


def test_the_surprised_example_is_taken_for_happy():
    right = clip(SURPRISED, 1, SURPRISED, SURPRISED, HAPPY)
    wrong = clip(SURPRISED, 2, SURPRISED, HAPPY, HAPPY)
    assert choose(EXAMPLES[1], by_name(right, wrong)) is wrong


def test_where_no_clip_is_mistaken_so_the_one_with_the_most_such_frames_stands_in():
    fearful = EMOTIONS.index("fearful")
    none = clip(SAD, 1, SAD, SAD, SAD)
    some = clip(SAD, 2, SAD, SAD, fearful)
    assert choose(EXAMPLES[2], by_name(none, some)) is some


def test_a_corpus_without_the_emotion_has_no_example():
    assert choose(EXAMPLES[2], by_name(clip(CALM, 1, CALM))) is None


@pytest.fixture
def frame_logits(tmp_path):
    """Both actors' calm clips in both splits' files; only held-out ones may be shown."""
    names = ("01-01-02-01-01-01-01", "01-01-02-01-01-01-02")
    paths = {}
    for split, votes in (("heldout0", CALM), ("heldout1", HAPPY)):
        paths[split] = tmp_path / f"{split}.npz"
        parts = [logits(votes, votes, CALM)] * 2
        write_ragged(paths[split], Ragged.join(names, parts, 30))
    return paths


def test_a_clip_is_shown_under_the_split_that_holds_its_actor_out(frame_logits):
    clips = heldout_clips(frame_logits, [Split(**fields) for fields in SPLITS.values()])
    assert [(each.name[-2:], each.split, each.predicted) for each in clips.values()] == [
        ("01", "heldout0", CALM),
        ("02", "heldout1", HAPPY),
    ]
    assert clips["01-01-02-01-01-01-02"].shares[HAPPY] == pytest.approx(2 / 3)


def test_a_clip_that_nobody_holds_out_is_refused_with_an_example_of_one_that_is():
    with pytest.raises(UserError, match="such as 01-01-02-01-01-01-01"):
        named("01-01-03-01-01-01-09", by_name(clip(CALM, 1, CALM)))


def view(attention: np.ndarray | None) -> ClipView:
    """Six frames at 2 per second, of which the model saw the middle four."""
    posteriors = np.full((4, 8), 0.1)
    posteriors[:, CALM] = 0.3
    posteriors[3] = np.eye(8)[HAPPY]
    return ClipView(
        clip="01-01-02-01-01-01-01",
        images=np.zeros((6, 48, 48), np.uint8),
        rate=2.0,
        seen=np.arange(1, 5),
        posteriors=posteriors,
        predicted=CALM,
        attention=attention,
    )


def texts(figure) -> list[str]:
    return [text.get_text() for part in figure.subfigs for text in part.texts]


def test_the_figure_shows_faces_posteriors_and_attention_over_the_same_seconds():
    attention = np.array([0.1, 0.2, 0.3, 0.4])
    figure = clip_figure(view(attention), "Figure A1", "voting", "bi-LSTM", "synthetic corpus")
    *faces, posteriors, weights, _bar = figure.get_axes()
    titles = [axes.get_title() for axes in faces if axes.get_title()]
    assert titles == ["calm\n30 %"] * 3 + ["happy\n100 %"]
    assert posteriors.images[0].get_array().shape == (8, 4)
    assert posteriors.images[0].get_extent()[:2] == [0.5, 2.5]
    assert posteriors.get_title(loc="left") == "posteriors of every frame: voting"
    assert [bar.get_height() for bar in weights.patches] == pytest.approx(list(attention))
    assert weights.get_xlim() == posteriors.get_xlim() == (0, 3)
    assert "Figure A1: 01-01-02-01-01-01-01: calm, recognised" in texts(figure)
    assert "SYNTHETIC DATA: synthetic corpus" in texts(figure)


def test_without_a_sequential_model_there_is_no_attention_panel():
    figure = clip_figure(view(None), "Figure A1", "voting", "", "RAVDESS")
    assert not any("attention" in axes.get_title(loc="left") for axes in figure.get_axes())


def test_the_entry_draws_the_examples_and_the_clips_asked_for(tmp_path, frame_logits):
    clips = ("01-01-02-01-01-01-01",)
    frames = Ragged.join(clips, [np.zeros((3, 48, 48), np.uint8)], 30)
    write_ragged(tmp_path / "actor_01.npz", frames)
    write_ragged(tmp_path / "attention.npz", Ragged.join(clips, [np.ones(3) / 3], 30))
    arguments = Namespace(
        frames=json.dumps({"01": str(tmp_path / "actor_01.npz")}),
        spans=None,
        splits=json.dumps({"heldout0": SPLITS["heldout0"]}),
        frame_logits=json.dumps({"heldout0": str(frame_logits["heldout0"])}),
        title="voting",
        attention=json.dumps({"heldout0": str(tmp_path / "attention.npz")}),
        attention_title="bi-LSTM",
        settings=json.dumps({"clips": clips}),
        corpus_label="synthetic corpus",
        out=tmp_path / "figures",
    )
    draw_clips.main(arguments)
    drawn = {path.name for path in (tmp_path / "figures").glob("*.svg")}
    examples = {f"clip_example_{figure}.svg" for figure in ("A1", "A2", "A3")}
    assert drawn == {*examples, "clip_01-01-02-01-01-01-01.svg"}
    # No clip of the tiny corpus is surprised.
    without = (tmp_path / "figures" / "clip_example_A2.svg").read_text("utf-8")
    assert "no clip of this corpus is surprised" in without
