"""What a plan tells of words and of the encoders that read them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.iemocap_release import USED, write_release
from tests.plans import WEIGHTS, planned
from tests.tiny_recola import write_avec

WORDS = {"words": {"family": "text", "title": "words"}}
FOUR = {"iemocap": {"sessions": (1, 2), "utterances": 2 * 2 * 2 * USED}}


def test_bert_has_three_registered_files_in_one_folder():
    plan = planned(corpus="ravdess_voices", models=WORDS, systems=["words"])
    files = plan.models.weights_file("words", "train")
    assert [Path(file).name for file in files] == ["model.safetensors", "config.json", "vocab.txt"]
    assert len({Path(file).parent for file in files}) == 1
    job = json.loads(plan.models.told("words", "train", "full", "fold0"))
    assert [each["path"] for each in job["weights"]["beside"]] == files[1:]


def test_what_a_mirror_lacks_beside_the_weights_is_missing_too(tmp_path):
    place = WEIGHTS["bert_base_uncased"].place
    (tmp_path / place).parent.mkdir(parents=True)
    (tmp_path / place).touch()
    data = {"mirror": str(tmp_path), "downloads": str(tmp_path / "none")}
    plan = planned(corpus="ravdess_voices", models=WORDS, systems=["words"], data=data)
    assert "bert_base_uncased_config: the mirror lacks" in plan.models.cannot_run("words")


def test_words_alone_need_no_recordings():
    plan = planned(corpus="ravdess_voices", models=WORDS, systems=["words"])
    assert not plan.corpora.reads_recordings and plan.corpora.comparison == []
    assert plan.models.inputs("words", "train", "full", "fold0")["text"][0] == (
        "results/paper/prepared/text/01.csv"
    )
    (system,) = plan.systems.systems
    assert "in the same two sentences" in system["note"]


def test_what_is_said_in_iemocap_is_told_by_speaker(tmp_path):
    release = write_release(tmp_path / "release", sessions=2)
    data = {"iemocap": str(release)}
    plan = planned(corpus="iemocap", corpora=FOUR, data=data, models=WORDS, systems=["words"])
    told_of = json.loads(plan.told_of_text("", "Ses01F"))
    assert told_of["column"] == "text" and told_of["out"].endswith("prepared/text/Ses01F.csv")
    assert "note" not in plan.systems.systems[0]


def test_a_corpus_without_words_says_so(tmp_path):
    write_avec(tmp_path, ("train_1", "dev_1"))
    plan = planned(corpus="recola", models=WORDS, systems=["words"], data={"recola": str(tmp_path)})
    assert plan.models.cannot_run("words") == "recola has no text"
