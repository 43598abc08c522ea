"""IEMOCAP: labels, words and speakers out of a folder of its release."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.iemocap_release import USED, write_dialogue, write_release
from tests.plans import planned

from mmer.corpora.iemocap import Iemocap, IemocapSettings
from mmer.items import read_items
from mmer.media.preparation import PreparationJob, prepare_media
from mmer.media.recordings import ItemsJob, list_items
from mmer.media.settings import PreparationSettings
from mmer.ragged import read_ragged
from mmer.runtime.errors import UserError

TWO = {"sessions": (1, 2), "utterances": 2 * 2 * 2 * USED}


@pytest.fixture(scope="module")
def release(tmp_path_factory) -> Path:
    return write_release(tmp_path_factory.mktemp("IEMOCAP") / "IEMOCAP_full_release", sessions=2)


@pytest.fixture
def own(tmp_path) -> Path:
    """A release that a test may spoil."""
    return write_release(tmp_path / "release", sessions=2)


def corpus(folder: Path | None, **settings: object) -> Iemocap:
    return Iemocap(IemocapSettings(**{**TWO, **settings}), folder, 0)


def refusal(folder: Path | None, **settings: object) -> str:
    with pytest.raises(UserError) as caught:
        corpus(folder, **settings).check()
    return str(caught.value)


def test_an_item_says_what_its_turn_and_its_files_say(release):
    table = corpus(release).items({}).table.set_index("item")
    assert table.loc["Ses01M_script01_1b_F001"].to_dict() == {
        "speaker": "Ses01F",  # who speaks, though he wears the markers
        "emotion": "happy",
        "sex": "female",
        "session": "1",
        "style": "scripted",
        "text": "It is hap, isn\xb4t it?",
    }
    assert table.loc["Ses02F_impro01_M000", ["speaker", "sex", "style"]].tolist() == [
        "Ses02M", "male", "improvised",
    ]  # fmt: skip
    assert table["emotion"].value_counts().to_dict() == {
        "happy": 16, "angry": 8, "sad": 8, "neutral": 8,
    }  # fmt: skip
    assert table.index.is_monotonic_increasing


def test_excitement_may_be_left_out(release):
    table = corpus(release, excited_is_happy=False).items({}).table
    assert len(table) == 32 and not table["item"].str.endswith("002").any()


def test_sessions_are_held_out_whole(release):
    splits = corpus(release).splits("emotion", None)
    assert [split.test for split in splits.values()] == [
        ("Ses01F", "Ses01M"), ("Ses02F", "Ses02M"),
    ]  # fmt: skip
    assert corpus(release).speakers == ("Ses01F", "Ses01M", "Ses02F", "Ses02M")


def test_files_are_a_speakers_used_utterances(release):
    files = corpus(release).files("Ses02M")
    assert len(files) == 2 * USED and all("_M00" in Path(file).name for file in files)


def test_5531_utterances_are_asked_for_by_default(release):
    assert IemocapSettings().utterances == 1103 + 595 + 1041 + 1084 + 1708 == 5531
    assert refusal(release, utterances=5531) == (
        f"{release} has 40 utterances of the four classes (8 angry, 16 happy, 8 sad, 8 neutral) "
        "instead of 5531: complete the folder, or set corpora.iemocap.utterances"
    )


def test_the_whole_preparation_reads_it(release, tmp_path):
    described = {"corpus": "iemocap", "settings": TWO, "folder": release}
    list_items(ItemsJob(**described, found={}, out=tmp_path / "items.csv"))
    items = read_items(tmp_path / "items.csv")
    files = corpus(release).files("Ses01F")
    prepare_media(
        PreparationJob(
            **described,
            speaker="Ses01F",
            files=files,
            preparation=PreparationSettings(),
            outputs={"audio": tmp_path / "audio.npz"},
        )
    )
    audio = read_ragged((tmp_path / "audio.npz",))
    assert set(audio.items) == {Path(file).stem for file in files}
    assert all(name in items for name in audio.items)
    assert len(audio.of(0)) == 8000


def test_a_run_on_it_is_planned(release):
    plan = planned(
        corpus="iemocap", corpora={"iemocap": TWO}, data={"iemocap": str(release)},
    )  # fmt: skip
    plan.corpora.check()
    assert list(plan.corpora.splits) == ["fold0", "fold1"]


def test_without_a_folder_the_licence_is_named():
    refused = refusal(None)
    assert "data.iemocap names no folder" in refused and "its licence" in refused


def test_what_is_missing_is_told(own):
    (own / "Session2" / "sentences/wav/Ses02F_impro01/Ses02F_impro01_F000.wav").unlink()
    assert "Ses02F_impro01_F000.wav is labelled and not there, like 0 others of Ses02F" in refusal(
        own
    )
    assert "Session3/dialog/transcriptions holds no dialogue" in refusal(own, sessions=(1, 3))


@pytest.mark.parametrize(
    ("before", "after"),
    [("\tang\t", "\tangry\t"), ("_M000\t", "_X000\t"), ("impro01_M000\t", "impro02_M000\t")],
    ids=["unknown code", "unknown speaker", "another dialogue's"],
)
def test_a_line_that_is_no_label_is_told(own, before, after):
    path = own / "Session1" / "dialog" / "EmoEvaluation" / "Ses01F_impro01.txt"
    path.write_text(path.read_text().replace(before, after, 1))
    assert f"{path}, line " in refusal(own) and "is no label of one of its turns" in refusal(own)


def test_an_utterance_without_words_has_none(own):
    folder = own / "Session1" / "dialog" / "transcriptions"
    (folder / "Ses01F_impro01.txt").write_text("Ses01F_impro01_F000 broken line\n")
    table = corpus(own).items({}).table.set_index("item")
    assert table.loc["Ses01F_impro01_F000", "text"] == ""


def test_an_ellipsis_as_windows_writes_it_ends_no_line(own):
    path = own / "Session1" / "dialog" / "transcriptions" / "Ses01F_impro01.txt"
    path.write_bytes(path.read_bytes().replace(b"It is ang, isn\xb4t it?", b"It\x92s\x85 ang?"))
    table = corpus(own).items({}).table.set_index("item")
    assert table.loc["Ses01F_impro01_F000", "text"] == "It\N{RIGHT SINGLE QUOTATION MARK}s… ang?"


def test_a_turn_labelled_twice_is_refused(own):
    write_dialogue(own / "Session1", "Ses01F_impro01", ("ang",))
    path = own / "Session1" / "dialog" / "EmoEvaluation" / "Ses01F_impro01.txt"
    path.write_text(path.read_text() * 2)
    with pytest.raises(UserError, match="twice"):
        corpus(own).items({})
