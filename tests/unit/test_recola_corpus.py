"""RECOLA in the three folders that people have: its parts, its traces, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.tiny_recola import traces_of, write_arff, write_avec, write_public, write_ratings

from mmer.corpora.recola import AUTHORS_PEOPLE, AVEC_FILES, AVEC_PEOPLE, Recola, RecolaSettings
from mmer.corpora.recola_files import gold_standard, read_arff, read_ratings
from mmer.items import read_items
from mmer.media.preparation import PreparationJob, prepare_media
from mmer.media.recordings import ItemsJob, list_items
from mmer.media.settings import PreparationSettings
from mmer.ragged import read_ragged
from mmer.runtime.errors import UserError

FEW = ("train_1", "train_2", "dev_1", "test_1")
SMALL = {"rows": 101, "whole": False}


def recola(folder: Path, **settings: object) -> Recola:
    """The corpus of a folder."""
    return Recola(RecolaSettings(**settings), folder, 0)


@pytest.fixture
def avec(tmp_path) -> Path:
    """AVEC 2016's folder, of four seconds each."""
    write_avec(tmp_path, FEW)
    return tmp_path


@pytest.fixture
def authors(tmp_path) -> Path:
    """The folder of the published code: sound and gold standard by participant."""
    for number, name in enumerate(("P15", "P16", "P14")):
        film = tmp_path / "Video_recordings_MP4" / f"{name}.mp4"
        film.parent.mkdir(exist_ok=True)
        film.touch()
        for dimension, trace in traces_of(number, 101).items():
            path = tmp_path / "Ratings_affective_behaviour_CCC_centred" / dimension
            path.mkdir(parents=True, exist_ok=True)
            rows = [f"{row * 0.04},{value}" for row, value in enumerate(trace)]
            (path / f"{name}.csv").write_text("\n".join(rows))
    return tmp_path


def test_the_published_parts_share_nobody_and_have_the_published_sizes():
    for people, sizes in ((AVEC_PEOPLE, [9, 9, 9]), (AUTHORS_PEOPLE, [16, 15, 15])):
        assert [len(part) for part in people.values()] == sizes
        assert len({person for part in people.values() for person in part}) == sum(sizes)


def test_without_a_test_part_the_development_part_is_tested_and_chooses(avec):
    (split,) = recola(avec, **SMALL).splits("affect", None).values()
    assert split.name == "development"
    assert split.train == ("train_1", "train_2")
    assert split.choose == split.test == ("dev_1",)


def test_whoever_has_the_test_part_chooses_by_the_development_part(avec):
    for name, trace in traces_of(3, 101).items():
        write_arff(avec / "ratings_gold_standard" / name / "test_1.arff", "test_1", trace)
    corpus = recola(avec, tested="test", **SMALL)
    (split,) = corpus.splits("affect", None).values()
    assert (split.name, split.choose, split.test) == ("test", ("dev_1",), ("test_1",))
    assert corpus.speakers == ("dev_1", "test_1", "train_1", "train_2")


def test_folds_of_the_users_own_take_the_partitions_place(avec):
    splits = recola(avec, **SMALL).splits("affect", [["train_1", "dev_1"], ["train_2"]])
    assert splits["fold0"].test == ("dev_1", "train_1")


def test_a_recording_is_prepared_with_its_sound_and_both_traces(avec, tmp_path):
    told = {"corpus": "recola", "settings": SMALL, "folder": avec}
    corpus = recola(avec, **SMALL)
    list_items(ItemsJob(**told, found={}, out=tmp_path / "items.csv"))
    items = read_items(tmp_path / "items.csv")
    assert items.column("published_part").tolist() == ["dev", "train", "train"]
    outputs = {medium: tmp_path / f"{medium}.npz" for medium in corpus.media}
    prepare_media(
        PreparationJob(
            **told,
            speaker="train_2",
            files=corpus.files("train_2"),
            items=tmp_path / "items.csv",
            preparation=PreparationSettings(),
            outputs=outputs,
        )
    )
    audio, traces = read_ragged([outputs["audio"]]), read_ragged([outputs["traces"]])
    assert len(audio.of(0)) == 4 * 16000
    assert traces.rate == 25
    expected = np.stack(list(traces_of(1, 101).values()), axis=1)[1:]  # the row at 0 s is dropped
    np.testing.assert_allclose(traces.of(0), expected, atol=1e-6)


def test_the_row_at_nought_may_be_kept(avec):
    corpus = recola(avec, drop_first_row=False, **SMALL)
    assert len(corpus.traces("dev_1", None)["dev_1"]) == 101


def test_an_arff_of_the_challenge_is_read_by_its_titles(tmp_path):
    write_arff(tmp_path / "dev_1.arff", "dev_1", np.array([0.5, -0.022925, 0.25]))
    assert (tmp_path / "dev_1.arff").read_bytes().count(b"\r\n") == 12  # nine lines before the data
    assert read_arff(tmp_path / "dev_1.arff").tolist() == [0.5, -0.022925, 0.25]


def test_the_gold_standard_of_three_raters_by_hand():
    ratings = np.array([[0.0, 1.0, 3.0], [2.0, 3.0, 1.0]])
    # Means 1, 2, 2; variances 1; covariances 1 of the first two, -1 of each with the third.
    # Concordances: 2/3 (1 apart), -2/3 (1 apart), -1 (at one level).
    agreement = np.array([0.0, (2 / 3 - 1) / 2, (-2 / 3 - 1) / 2])
    level = (agreement * [1, 2, 2]).sum() / agreement.sum()
    assert level == pytest.approx(2)
    assert gold_standard(ratings) == pytest.approx([level - 1 / 3, level + 1 / 3])


def test_raters_who_differ_in_level_alone_keep_the_trace_they_share(tmp_path):
    trace = np.sin(np.arange(100) / 9)
    levels = np.array([-0.3, -0.1, 0.0, 0.0, 0.1, 0.3])
    write_ratings(tmp_path / "P16.csv", trace[:, None] + levels)
    found = read_ratings(tmp_path / "P16.csv")
    np.testing.assert_allclose(found - found.mean(), trace - trace.mean(), atol=1e-6)
    assert found.mean() == pytest.approx(trace.mean(), abs=1e-3)


def test_the_public_folder_has_avecs_people_by_number(tmp_path):
    write_public(tmp_path, ("P16", "P19", "P17"))
    (split,) = recola(tmp_path, **SMALL).splits("affect", None).values()
    assert (split.train, split.test) == (("P16",), ("P19",))
    assert recola(tmp_path, **SMALL).traces("P16", None)["P16"].shape == (100, 2)
    (split,) = recola(tmp_path, partition="authors", **SMALL).splits("affect", None).values()
    assert split.train == ("P16", "P17")


def test_the_authors_folder_has_their_people(authors):
    corpus = recola(authors, partition="authors", **SMALL)
    (split,) = corpus.splits("affect", None).values()
    assert (split.train, split.test) == (("P15", "P16"), ("P14",))
    found = corpus.traces("P16", None)["P16"]
    np.testing.assert_allclose(found[:, 0], traces_of(1, 101)["arousal"][1:])
    assert corpus.files("P15") == [str(authors / "Video_recordings_MP4" / "P15.mp4")]


def test_everybody_of_the_partition_is_wanted_unless_told_otherwise(avec):
    corpus = recola(avec)
    assert corpus.speakers == tuple(sorted(AVEC_FILES["train"] + AVEC_FILES["dev"]))
    with pytest.raises(UserError, match=r"train_3.wav is not there: complete data.recola") as error:
        corpus.check()
    assert len(str(error.value).splitlines()) == 15
    recola(avec, **SMALL).check()


def test_a_trace_has_the_rows_of_five_minutes(avec):
    corpus = recola(avec, whole=False)
    with pytest.raises(UserError, match=r"dev_1\.arff has 101 rows instead of 7501"):
        corpus.traces("dev_1", None)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda text: text.replace("@data", "@dato"), "no line @data"),
        (lambda text: text.replace("GoldStandard", "Gold"), "GoldStandard are wanted"),
        (lambda text: text.replace("dev_1,0.04,", "dev_1,0.08,"), "steps of 0.04 s"),
        (lambda text: text.replace("dev_1,0.04,", "dev_1,0.04,x"), "row 2 holds no number"),
    ],
)
def test_a_damaged_gold_standard_is_told(change, sentence, avec):
    path = avec / "ratings_gold_standard" / "arousal" / "dev_1.arff"
    path.write_text(change(path.read_text()))
    with pytest.raises(UserError, match=sentence):
        recola(avec, **SMALL).traces("dev_1", None)


def test_a_folder_of_something_else_is_told(tmp_path):
    with pytest.raises(UserError, match="holds 0 of the folders ratings_gold_standard"):
        recola(tmp_path).check()
    with pytest.raises(UserError, match=r"data.recola names no folder"):
        recola(None).check()


def test_avecs_folder_does_not_say_who_is_who(avec):
    with pytest.raises(UserError, match="set it to avec"):
        recola(avec, partition="authors", **SMALL).check()
    with pytest.raises(UserError, match="no recording of the part test"):
        recola(avec, tested="test", **SMALL).check()
