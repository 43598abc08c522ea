"""A user's own network and corpus: exactly the files that the README shows, step by step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from tests.own_recordings import EXAMPLES, LABELS, write_followed, write_labelled
from torch import nn

from mmer.corpora.base import Corpus
from mmer.items import read_items
from mmer.media.preparation import PreparationJob, prepare_media
from mmer.media.recordings import ItemsJob, list_items
from mmer.media.settings import PreparationSettings
from mmer.models.base import ModelJob
from mmer.predictions import read_predictions
from mmer.protocol import two_folds_out
from mmer.ragged import read_ragged
from mmer.registry import read_registry
from mmer.runtime.errors import UserError
from mmer.tasks import Classes
from mmer.training.network import NetworkTraining
from mmer.training.standardised import Standardised

PLUGINS = tuple(EXAMPLES / f"{name}.py" for name in ("my_corpus", "my_model", "my_traces"))
SPEAKERS = ("ann", "bob", "eve")


def prepare(corpus: str, data: Path, results: Path) -> Corpus:
    """Item table and media of a corpus, by the steps of the workflow."""
    kinds = read_registry(PLUGINS)
    described = kinds.corpora[corpus](kinds.corpora[corpus].Settings(), data, 0)
    told = {"plugins": PLUGINS, "corpus": corpus, "settings": {}, "folder": data}
    list_items(ItemsJob(**told, found={}, out=results / "items.csv"))
    for speaker in described.speakers:
        prepare_media(
            PreparationJob(
                **told,
                speaker=speaker,
                files=described.files(speaker),
                items=results / "items.csv",
                preparation=PreparationSettings(),
                outputs={medium: results / medium / f"{speaker}.npz" for medium in described.media},
            )
        )
    return described


def job(corpus: Corpus, results: Path, family: str, name: str = "first", **settings: object):
    """The training of a split."""
    split = next(iter(corpus.splits("", None).values()))
    outputs = {"model": "model.safetensors", "history": "history.csv", "predictions": "said.csv"}
    return ModelJob(
        plugins=PLUGINS,
        family=family,
        step="train",
        model="mine",
        options={"settings": settings},
        task=next(iter(corpus.tasks.values())),
        variant="full",
        splits={split.name: split},
        seed=1,
        inputs={
            "items": (results / "items.csv",),
            **{m: tuple(results / m / f"{s}.npz" for s in corpus.speakers) for m in corpus.media},
        },
        outputs={key: {split.name: results / name / file} for key, file in outputs.items()},
        checkpoint=results / name / "checkpoint.safetensors",
    )


def run(told: ModelJob) -> None:
    """What ``run_model`` does."""
    read_registry(PLUGINS).families[told.family].run(told)


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """The corpus of ``my_corpus.py``, prepared."""
    folder = tmp_path_factory.mktemp("labelled")
    write_labelled(folder / "data", SPEAKERS)
    return prepare("my_corpus", folder / "data", folder), folder


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """The corpus of ``my_traces.py``, prepared."""
    folder = tmp_path_factory.mktemp("followed")
    write_followed(folder / "data", SPEAKERS)
    return prepare("my_traces", folder / "data", folder), folder


def test_the_corpus_of_wav_files_is_read_from_its_list(labelled):
    corpus, results = labelled
    items = read_items(results / "items.csv")
    assert corpus.speakers == SPEAKERS and corpus.folds == (("ann",), ("bob",), ("eve",))
    assert items.table.iloc[0].to_dict() == {"item": "ann_00", "speaker": "ann", "label": "angry"}
    audio = read_ragged([results / "audio" / "bob.npz"])
    assert audio.rate == 16000
    assert audio.items == tuple(f"bob_{number:02d}" for number in range(10))


def test_a_network_of_ones_own_learns_classes_and_says_them_of_unheard_speakers(labelled):
    corpus, results = labelled
    told = job(corpus, results, "my_network", max_epochs=15, batch_size=4)
    run(told)
    said = read_predictions(
        told.output("predictions"), told.task, read_items(results / "items.csv")
    )
    assert len(said.items) == 30 and set(said.part[said.items.speakers == "ann"]) == {"test"}
    tested = said.only("test")
    assert (tested.predicted == tested.labels).mean() > 0.7  # chance is 0.2
    assert tested.task.names == LABELS
    history = pd.read_csv(told.output("history"))
    kept = history[history["kept"] == 1]
    assert kept["accuracy"].item() == history["accuracy"].max()
    assert not told.checkpoint.exists()


def test_a_nested_training_leaves_what_each_held_out_fold_chose_for_the_other(labelled):
    corpus, results = labelled
    pair = two_folds_out(corpus.splits("", None).values())["pair0_1"]
    told = job(corpus, results, "my_network", "nested", max_epochs=4, batch_size=4)
    outputs = {
        name: {split: results / "nested" / f"{split}_{name}" for split in pair}
        for name in told.outputs
    }
    told = told.model_copy(update={"splits": pair, "outputs": outputs})
    run(told)
    items = read_items(results / "items.csv")
    for name, split in pair.items():
        said = read_predictions(told.output("predictions", name), told.task, items)
        assert said.part.tolist() == split.parts_of(said.items).tolist()
        history = pd.read_csv(told.output("history", name))
        kept, chose = history[history["kept"] == 1]["accuracy"].item(), said.only("choose")
        assert kept == history["accuracy"].max()
        assert kept == pytest.approx((chose.predicted == chose.labels).mean())


def test_traces_are_followed_at_their_rate(followed):
    corpus, results = followed
    told = job(corpus, results, "my_recurrent", max_epochs=12, batch_size=1, learning_rate=0.02)
    run(told)
    said = read_predictions(
        told.output("predictions"), told.task, read_items(results / "items.csv")
    )
    assert said.traces.rate == 25
    assert np.diff(said.traces.offsets).tolist() == [100] * 6
    history = pd.read_csv(told.output("history"))
    assert {"ccc", "ccc_arousal", "ccc_valence"} <= set(history.columns)
    assert history["ccc"].max() > 0.9, history["ccc"]


@pytest.mark.parametrize(
    ("corpus", "family"), [("labelled", "my_network"), ("followed", "my_recurrent")]
)
def test_a_killed_training_ends_as_an_uninterrupted_one(corpus, family, request, monkeypatch):
    corpus, results = request.getfixturevalue(corpus)
    whole = job(corpus, results, family, "whole", max_epochs=4, batch_size=4)
    run(whole)

    losses, loss = [], NetworkTraining.loss

    def killed_in_the_third_epoch(self, batch):
        losses.append(batch)
        if len(losses) > 2.5 * sum(1 for _ in self.batches(torch.Generator())):
            raise KeyboardInterrupt
        return loss(self, batch)

    broken = job(corpus, results, family, "broken", max_epochs=4, batch_size=4)
    monkeypatch.setenv("MMER_CHECKPOINT_SECONDS", "0")
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(NetworkTraining, "loss", killed_in_the_third_epoch)
        run(broken)
    assert broken.checkpoint.exists()
    run(broken)
    for name in ("history", "predictions", "model"):
        assert broken.output(name).read_bytes() == whole.output(name).read_bytes(), name


def test_traces_are_of_whole_items_only(followed):
    told = job(*followed, "my_recurrent").model_copy(update={"variant": "vad"})
    with pytest.raises(UserError, match=r"set its variants to \[full\]"):
        run(told)


def test_features_may_lie_a_second_beside_the_trace_and_no_more(followed, monkeypatch):
    family = type(read_registry(PLUGINS).families["my_recurrent"])
    features = family.features
    told = job(*followed, "my_recurrent", "shorter", max_epochs=1)
    for frames, fits in ((85, True), (130, False), (60, False)):
        monkeypatch.setattr(
            family,
            "features",
            lambda *told, frames=frames: features(*told)[:1].expand(frames, -1),
        )
        if fits:
            run(told)
        else:
            with pytest.raises(UserError, match=rf"{frames} frames of features and 100 steps"):
                run(told)


def test_items_are_mixed_in_pairs_with_their_classes(labelled, monkeypatch):
    corpus, results = labelled
    seen = []
    monkeypatch.setattr(
        Classes,
        "loss",
        lambda self, outputs, targets, lengths: seen.append(targets) or outputs.square().mean(),
    )
    mixing = {"mixup_alpha": 1.0, "label_smoothing": 0.1}
    run(job(corpus, results, "my_network", "mixed", max_epochs=1, batch_size=4, **mixing))
    shares = seen[0]  # (items, classes)
    assert shares.sum(dim=1) == pytest.approx(torch.ones(4))
    assert shares.min().item() == pytest.approx(0.02)  # a tenth, spread over five classes
    assert ((shares > 0.02 + 1e-6).sum(dim=1) <= 2).all()
    assert len(shares[shares > 0.02 + 1e-6].unique()) > 1  # not all of them whole


def test_traces_are_not_mixed(followed):
    with pytest.raises(UserError, match="set mixup_alpha and label_smoothing to 0"):
        run(job(*followed, "my_recurrent", mixup_alpha=0.3))


def test_what_is_said_of_an_item_depends_on_no_other(labelled):
    corpus, results = labelled
    said = []
    for name, size in (("one", 1), ("many", 30)):
        # A learning rate of nothing leaves the same network, whatever is in a batch.
        told = job(
            corpus, results, "my_network", name, max_epochs=1, batch_size=size, learning_rate=1e-30
        )
        run(told)
        said.append(told.output("predictions").read_text())
    assert said[0] == said[1]


def test_features_are_told_in_units_of_the_training_items():
    frames = torch.tensor([[1.0, 5.0], [3.0, 5.0]])
    seen = Standardised(lambda features, lengths: features, frames)
    assert seen(torch.tensor([[[4.0, 6.0], [7.0, 7.0]]]), torch.tensor([1])).tolist() == [
        [[2.0, 1.0], [0.0, 0.0]]
    ]


def test_a_network_of_the_wrong_shape_is_told_what_is_needed(labelled, monkeypatch):
    class Wrong(nn.Linear):
        def forward(self, features, lengths):
            return super().forward(features)

    family = type(read_registry(PLUGINS).families["my_network"])
    monkeypatch.setattr(family, "network", lambda self, width, task, _: Wrong(width, task.outputs))
    with pytest.raises(UserError, match=r"the task needs \(16, 5\): mend its forward"):
        run(job(*labelled, "my_network"))


def test_a_network_may_normalise_batches_whatever_the_number_of_items(labelled, monkeypatch):
    class Normed(nn.Sequential):
        def forward(self, features, lengths):
            return super().forward(features.mean(dim=1))

    def network(self, width, task, _):
        return Normed(nn.BatchNorm1d(width), nn.Linear(width, task.outputs))

    monkeypatch.setattr(type(read_registry(PLUGINS).families["my_network"]), "network", network)
    told = job(*labelled, "my_network", "normed", max_epochs=1, batch_size=19)  # of 20 items
    run(told)
    assert pd.read_csv(told.output("history"))["step"].tolist() == [1]


@pytest.mark.parametrize("name", ["my_model.py", "my_corpus.py"])
def test_the_readme_shows_the_whole_file(name):
    shown = f"```python\n{(EXAMPLES / name).read_text('utf-8')}```"
    assert shown in (EXAMPLES.parents[1] / "README.md").read_text("utf-8")
