"""The fit loop: when it looks, when it stops, what it keeps, and how it goes on after a kill."""

from __future__ import annotations

import pytest
import torch
from tests.trainings import HostReads
from torch import nn

from mmer.runtime.errors import UserError
from mmer.training.fit import FitPlan, fit, fit_for_each


class Line:
    """Fit y = 2x with a dropout, so that the random state matters."""

    def __init__(self, scores=None, batch=4):
        torch.manual_seed(0)
        self.network = nn.Sequential(nn.Dropout(0.3), nn.Linear(1, 1))
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=0.05)
        self.x = torch.linspace(-1, 1, 12)[:, None]
        self.batch = batch
        self.planned = iter(scores) if scores else None
        self.steps_until_kill = None
        self.evaluated_at: list[int] = []
        self.steps = 0

    def batches(self, generator):
        yield from torch.randperm(12, generator=generator).split(self.batch)

    def loss(self, batch):
        if self.steps_until_kill is not None:
            if self.steps_until_kill == 0:
                raise KeyboardInterrupt
            self.steps_until_kill -= 1
        self.steps += 1
        x = self.x[batch]
        return ((self.network(x) - 2 * x) ** 2).mean()

    def scores(self):
        self.evaluated_at.append(self.steps)
        if self.planned:
            return {"test": {"accuracy": next(self.planned)}}
        error = float(((self.network(self.x) - 2 * self.x) ** 2).mean())
        return {"test": {"accuracy": -error}}


def plan(**changes):
    values = {"max_epochs": 5, "patience": None, "keep": "best", "watch": "accuracy", "seed": 1}
    return FitPlan(**{**values, **changes})


def test_it_evaluates_after_every_epoch_by_default():
    line = Line()
    history = fit(line, plan(), None)
    assert [row["step"] for row in history] == [3, 6, 9, 12, 15]
    assert [row["epoch"] for row in history] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(("batch", "every", "steps"), [(4, 4, [4, 8, 10]), (12, 3, [3, 6, 9, 10])])
def test_it_evaluates_every_so_many_steps_across_epochs(batch, every, steps):
    pace = plan(max_epochs=None, max_steps=10, evaluate_every=every)
    assert [row["step"] for row in fit(Line(batch=batch), pace, None)] == steps


def test_an_end_that_was_looked_at_is_not_looked_at_again():
    history = fit(Line(), plan(max_epochs=2, evaluate_every=3), None)
    assert [row["step"] for row in history] == [3, 6]


def test_the_host_waits_once_an_epoch_however_many_steps_it_has():
    counts = []
    for batch in (1, 12):
        line = Line(batch=batch)
        line.optimizer = torch.optim.SGD(line.network.parameters(), lr=0.05)
        with HostReads() as reads:
            fit(line, plan(max_epochs=2), None)
        counts.append(reads.count)
    assert counts[0] == counts[1]


def test_the_training_loss_is_the_mean_of_its_steps_to_the_last_bit():
    line, losses = Line(batch=1), []

    def noting(batch):
        losses.append(Line.loss(line, batch))
        return losses[-1]

    line.loss = noting
    (row,) = fit(line, plan(max_epochs=1), None)
    assert row["train_loss"] == sum(loss.item() for loss in losses) / 12


@pytest.mark.parametrize("broken", ["train_loss", "accuracy"])
def test_a_training_that_no_longer_has_numbers_ends_in_one_sentence(broken):
    line = Line(scores=[0.5, float("nan") if broken == "accuracy" else 0.6])
    if broken == "train_loss":
        line.x[3] = torch.nan
    with pytest.raises(UserError, match=rf"{broken} is nan .* lower its learning_rate"):
        fit(line, plan(max_epochs=2), None)


def test_each_epoch_has_its_own_order_and_the_seed_repeats_them():
    orders = []
    for _ in range(2):
        line = Line(batch=12)
        line.loss = lambda batch, line=line: orders.append(batch.tolist()) or Line.loss(line, batch)
        fit(line, plan(max_epochs=2), None)
    first, second, *again = orders
    assert sorted(first) == sorted(second) and first != second
    assert again == [first, second]


def test_patience_counts_evaluations_without_a_better_score():
    line = Line(scores=[0.1, 0.5, 0.5, 0.4, 0.9])
    history = fit(line, plan(patience=2), None)
    assert [row["accuracy"] for row in history] == [0.1, 0.5, 0.5, 0.4]
    assert [row["kept"] for row in history] == [0, 1, 0, 0]


@pytest.mark.parametrize(("keep", "epochs"), [("best", 1), ("last", 5)])
def test_the_best_or_the_last_weights_are_kept(keep, epochs):
    expected = Line()
    fit(expected, plan(max_epochs=epochs, keep="last"), None)
    line = Line(scores=[0.9, 0.1, 0.2, 0.3, 0.4])
    history = fit(line, plan(keep=keep), None)
    assert torch.equal(line.network[1].weight, expected.network[1].weight)
    assert [row["kept"] for row in history].index(1) == epochs - 1


@pytest.mark.parametrize(("largest", "norm"), [(None, 4.0), (0.5, 0.5), (9.0, 4.0)])
def test_gradients_are_clipped_where_asked_and_only_there(largest, norm):
    line = Line()
    line.network[0].p = 0.0
    line.loss = lambda batch: 4 * line.network[1].weight.sum()
    fit(line, plan(max_epochs=1, clip_gradient_norm=largest), None)
    assert line.network[1].weight.grad.norm().item() == pytest.approx(norm, rel=1e-4)


@pytest.mark.parametrize("killed_after", [1, 4, 7, 11, 14])
@pytest.mark.parametrize(
    "pace", [{}, {"evaluate_every": 2}, {"schedule": "one_cycle", "average_decay": 0.9}]
)
def test_a_killed_training_ends_bit_for_bit_like_an_uninterrupted_one(
    tmp_path, monkeypatch, killed_after, pace
):
    monkeypatch.setenv("MMER_CHECKPOINT_SECONDS", "0")
    whole = Line()
    expected = fit(whole, plan(**pace), None)
    killed = Line()
    killed.steps_until_kill = killed_after
    with pytest.raises(KeyboardInterrupt):
        fit(killed, plan(**pace), tmp_path / "state.safetensors")
    resumed = Line()
    history = fit(resumed, plan(**pace), tmp_path / "state.safetensors")
    assert history == expected
    assert torch.equal(resumed.network[1].weight, whole.network[1].weight)
    # Saved after every evaluation: only what came since is done again.
    pause = pace.get("evaluate_every", 3)
    assert resumed.steps == whole.steps - killed_after // pause * pause


def test_one_cycle_starts_low_and_ends_at_nothing():
    line, rates = Line(), []
    line.loss = lambda batch: (
        rates.append(line.optimizer.param_groups[0]["lr"]) or Line.loss(line, batch)
    )
    fit(line, plan(max_epochs=10, schedule="one_cycle"), None)
    assert max(rates) == pytest.approx(0.05, rel=0.01) and rates.index(max(rates)) == 8
    assert rates[0] == pytest.approx(0.05 / 25) and rates[-1] < 1e-5


def test_the_average_of_the_weights_is_evaluated_and_kept():
    line, own, seen = Line(), [], []
    step = line.optimizer.step
    line.optimizer.step = lambda: step() or own.append(line.network[1].weight.item())
    line.scores = lambda: seen.append(line.network[1].weight.item()) or {"test": {"accuracy": 1}}
    fit(line, plan(max_epochs=1, average_decay=0.5), None)
    # The first step's weights, then each further one for half.
    expected = 0.25 * own[0] + 0.25 * own[1] + 0.5 * own[2]
    assert seen == pytest.approx([expected])
    assert line.network[1].weight.item() == pytest.approx(expected)


def test_the_last_average_is_kept_where_the_last_weights_are_asked_for():
    best, last = Line(scores=[1, 2, 3]), Line(scores=[3, 2, 1])
    fit(best, plan(max_epochs=3, average_decay=0.9), None)
    fit(last, plan(max_epochs=3, average_decay=0.9, keep="last"), None)
    assert torch.equal(best.network[1].weight, last.network[1].weight)


class Choosers(Line):
    """A line whose training two parts follow, each with scores of its own."""

    def __init__(self, **planned):
        super().__init__()
        self.of_parts = {part: iter(scores) for part, scores in planned.items()}

    def scores(self):
        return {part: {"accuracy": next(scores, 0)} for part, scores in self.of_parts.items()}


@pytest.mark.parametrize("keep", ["best", "last"])
@pytest.mark.parametrize("average_decay", [None, 0.9])
def test_each_part_keeps_what_it_would_keep_alone(keep, average_decay):
    # One loses patience after three epochs, before its late best; the other goes on.
    planned = {"choose": [0.5, 0.4, 0.3, 0.9, 0.9], "test": [0.1, 0.2, 0.3, 0.4, 0.1]}
    pace = plan(keep=keep, patience=2, average_decay=average_decay)
    together = fit_for_each(Choosers(**planned), pace, None)
    for part, scores in planned.items():
        alone = fit_for_each(Choosers(**{part: scores}), pace, None)[part]
        assert together[part].history == alone.history
        for name, weights in alone.weights.items():
            assert torch.equal(together[part].weights[name], weights)
    assert [len(kept.history) for kept in together.values()] == [3, 5]


@pytest.mark.parametrize("killed_after", [1, 7, 11])
def test_a_killed_training_of_two_choosers_goes_on_to_the_same_weights(
    tmp_path, monkeypatch, killed_after
):
    class Squares(Line):
        def scores(self):
            weight = float(self.network[1].weight)
            return {p: {"accuracy": -abs(weight - goal)} for p, goal in (("a", 0.1), ("b", 9))}

    monkeypatch.setenv("MMER_CHECKPOINT_SECONDS", "0")
    expected = fit_for_each(Squares(), plan(patience=2), None)
    assert len(expected["a"].history) < len(expected["b"].history)
    killed = Squares()
    killed.steps_until_kill = killed_after
    with pytest.raises(KeyboardInterrupt):
        fit_for_each(killed, plan(patience=2), tmp_path / "state.safetensors")
    resumed = fit_for_each(Squares(), plan(patience=2), tmp_path / "state.safetensors")
    for part, kept in expected.items():
        assert resumed[part].history == kept.history
        assert torch.equal(resumed[part].weights["1.weight"], kept.weights["1.weight"])
