"""Clip names: RAVDESS's grammar, and nothing beside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmer.corpus.clips import Clip
from mmer.errors import UserError


def test_a_name_is_read_into_its_seven_numbers():
    clip = Clip.parse("01-01-06-02-01-02-12")
    assert clip == Clip(1, 1, 6, 2, 1, 2, 12)
    assert clip.label == 5
    assert clip.sex == "female"
    assert clip.is_audio_visual_speech


def test_a_silent_twin_is_not_used():
    assert not Clip.parse("02-01-06-02-01-02-12").is_audio_visual_speech


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("01-01-06-02-01-02", "seven"),
        ("01-01-06-02-01-02-12.mp4", "seven"),
        ("1-1-6-2-1-2-12", "seven"),
        ("01-01-09-02-01-02-12", "emotion 09"),
        ("01-01-06-02-01-02-25", "actor 25"),
        ("01-01-00-01-01-02-12", "emotion 00"),
        ("01-01-01-02-01-02-12", "neutral with strong"),
        ("01-01-06-02-01-02-12\n", "seven"),
    ],
)
def test_a_name_outside_the_grammar_is_refused(name, reason):
    with pytest.raises(UserError, match=reason):
        Clip.parse(name)


@given(st.text())
def test_no_text_crashes_the_reader(text):
    try:
        clip = Clip.parse(text)
    except UserError:
        return
    assert clip.name == text


def test_reading_and_writing_a_name_are_inverse():
    assert Clip.parse("03-02-08-02-02-02-24").name == "03-02-08-02-02-02-24"
