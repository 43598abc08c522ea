"""Items frame by frame: which are chosen after the paper's figures, and what is drawn."""

import numpy as np
import pytest
from tests.report_data import PAPER, SYNTHETIC

from mmer.evaluation.paper_description import read_paper
from mmer.items import items_table, write_items
from mmer.protocol import Split
from mmer.ragged import Ragged, write_ragged
from mmer.report.item_choice import ShownItem, choose, shown_items
from mmer.report.item_drawing import DrawnItemsJob, draw_items
from mmer.report.item_figure import ItemView, item_figure
from mmer.runtime.errors import UserError
from mmer.tasks import Classes

CLASSES = ("calm", "happy", "sad", "fearful", "surprised")
TASK = Classes(names=CLASSES, column="mood")
CALM, SURPRISED, SAD = read_paper(PAPER).examples
SPLITS = {
    "fold0": Split(name="fold0", train=("02",), choose=("01",), test=("01",)),
    "fold1": Split(name="fold1", train=("01",), choose=("02",), test=("02",)),
}
ITEMS = items_table(
    [
        {"item": "one", "speaker": "01", "mood": "calm"},
        {"item": "two", "speaker": "02", "mood": "calm"},
    ],
    ["mood"],
)


def logits(*votes: str) -> np.ndarray:
    """One frame a vote, five in favour of it."""
    return 5 * np.eye(len(CLASSES), dtype=np.float32)[[CLASSES.index(vote) for vote in votes]]


def item(name: str, true: str, *votes: str) -> ShownItem:
    return ShownItem(name, true, "fold0", CLASSES, logits(*votes))


def by_name(*items: ShownItem) -> dict[str, ShownItem]:
    return {each.name: each for each in items}


def test_the_example_is_taken_for_its_prediction_and_has_the_most_frames_seen_so():
    few = item("a", "calm", "calm", "calm", "calm", "happy")
    lost = item("b", "calm", "happy", "happy", "happy", "calm")
    assert choose(CALM, by_name(few, lost)) is few
    right = item("a", "surprised", "surprised", "surprised", "happy")
    wrong = item("b", "surprised", "surprised", "happy", "happy")
    assert choose(SURPRISED, by_name(right, wrong)) is wrong


def test_where_no_item_is_mistaken_so_the_one_with_the_most_such_frames_stands_in():
    none = item("a", "sad", "sad", "sad", "sad")
    some = item("b", "sad", "sad", "sad", "fearful")
    assert choose(SAD, by_name(none, some)) is some
    assert choose(SAD, by_name(item("a", "calm", "calm"))) is None


@pytest.fixture
def frame_logits(tmp_path):
    """Both speakers' items in both splits' files; only tested ones may be shown."""
    paths = {}
    for split, vote in (("fold0", "calm"), ("fold1", "happy")):
        paths[split] = tmp_path / f"{split}.npz"
        parts = [logits(vote, vote, "calm")] * 2
        write_ragged(paths[split], Ragged.join(("one", "two"), parts, 30))
    return paths


def test_an_item_is_shown_under_the_split_that_tests_on_it(frame_logits):
    found = shown_items(frame_logits, SPLITS.values(), ITEMS, TASK, TASK)
    assert [(each.name, each.split, each.predicted) for each in found.values()] == [
        ("one", "fold0", "calm"),
        ("two", "fold1", "happy"),
    ]
    assert found["two"].share("happy") == pytest.approx(2 / 3)


def view(attention: np.ndarray | None) -> ItemView:
    """Six frames at 2 per second, of which the model saw the middle four."""
    seen = item("one", "calm", "calm", "calm", "calm", "happy")
    return ItemView(seen, np.zeros((6, 48, 48), np.uint8), 2.0, np.arange(1, 5), attention)


def test_the_figure_shows_faces_posteriors_and_attention_over_the_same_seconds():
    attention = np.array([0.1, 0.2, 0.3, 0.4])
    figure = item_figure(view(attention), "Figure A1", "voting", "bi-LSTM", SYNTHETIC)
    *faces, posteriors, weights, _bar = figure.get_axes()
    titles = [axes.get_title() for axes in faces if axes.get_title()]
    assert titles == ["calm\n97 %"] * 3 + ["happy\n97 %"]
    assert posteriors.images[0].get_array().shape == (5, 4)
    assert posteriors.images[0].get_extent()[:2] == [0.5, 2.5]
    assert [bar.get_height() for bar in weights.patches] == pytest.approx(list(attention))
    assert weights.get_xlim() == posteriors.get_xlim() == (0, 3)
    words = [text.get_text() for part in figure.subfigs for text in part.texts]
    assert "Figure A1: one: calm, recognised" in words
    assert f"SYNTHETIC DATA: {SYNTHETIC}" in words
    figure = item_figure(view(None), "Figure A1", "voting", "", "RAVDESS")
    assert not any("attention" in axes.get_title(loc="left") for axes in figure.get_axes())


@pytest.mark.parametrize("paper", [PAPER, None])
def test_the_job_draws_the_examples_of_a_paper_and_the_items_asked_for(
    tmp_path, frame_logits, paper
):
    write_items(tmp_path / "items.csv", ITEMS)
    frames = Ragged.join(("one",), [np.zeros((3, 48, 48), np.uint8)], 30)
    write_ragged(tmp_path / "01.npz", frames)
    write_ragged(tmp_path / "attention.npz", Ragged.join(("one",), [np.ones(3) / 3], 30))
    job = DrawnItemsJob(
        task=TASK,
        voters=TASK,
        label=SYNTHETIC,
        items=tmp_path / "items.csv",
        splits=SPLITS,
        frames={"01": tmp_path / "01.npz"},
        frame_logits={"fold0": frame_logits["fold0"]},
        title="voting",
        attention={"fold0": tmp_path / "attention.npz"},
        attention_title="bi-LSTM",
        chosen=("one",),
        paper=paper,
        figures=tmp_path / "figures",
    )
    draw_items(job)
    drawn = {path.name for path in (tmp_path / "figures").glob("*.svg")}
    examples = {f"item_example_{figure}.svg" for figure in ("A1", "A2", "A3")} if paper else set()
    assert drawn == {*examples, "item_one.svg"}
    if paper:
        # No item of the tiny corpus is surprised.
        without = (tmp_path / "figures" / "item_example_A2.svg").read_text("utf-8")
        assert "no item of this corpus is surprised" in without
    with pytest.raises(UserError, match=r"names two, which no split tests on.* such as one"):
        draw_items(job.model_copy(update={"chosen": ("two",)}))
