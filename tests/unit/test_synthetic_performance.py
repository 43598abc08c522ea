"""How the synthetic corpus's voices and faces are acted, without encoding a movie."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from demo import espeak
from demo.acting import (
    FACE_CONFUSIONS,
    VOICE_CONFUSIONS,
    Performance,
    blend,
    perform,
)
from demo.appearance import appearance_of
from demo.expression import EXPRESSIONS, Expression, act
from demo.face import draw_face
from demo.movie import frame_times
from demo.portrait import paint_portrait
from demo.settings import AUDIO_RATE, Difficulty, SyntheticCorpusSettings
from demo.voice import PROSODY, Utterance, speak, timbre_of

from mmer.corpora.ravdess import EMOTIONS, Clip

SETTINGS = SyntheticCorpusSettings(stereo_share=0.0)
TEXTBOOK = SETTINGS.model_copy(
    update={
        "difficulty": Difficulty(voice_blend=0, face_blend=0, weak_share=0, jitter=0, actor_bias=0)
    }
)
ANGRY = Clip.parse("01-01-05-02-01-01-05")
SAD = Clip.parse("01-01-04-02-01-01-05")


def test_every_emotion_has_prosody_expression_and_confusions():
    for table in (PROSODY, EXPRESSIONS, VOICE_CONFUSIONS, FACE_CONFUSIONS):
        assert set(table) == set(EMOTIONS)
    for confusions in (VOICE_CONFUSIONS, FACE_CONFUSIONS):
        assert all(emotion not in partners for emotion, partners in confusions.items())


def test_a_blend_lies_between_its_emotions_in_proportion_and_strength():
    table = {
        "neutral": Expression(smile=0.0),
        "happy": Expression(smile=1.0),
        "sad": Expression(smile=-1.0),
    }
    half_strong = Performance("happy", "sad", partner_share=0.25, strength=0.5)
    smile = list(Expression.__dataclass_fields__).index("smile")
    assert blend(table, half_strong)[smile] == pytest.approx(0.5 * (0.75 - 0.25))


def test_strong_intensity_shows_more_than_normal_and_weak_ones_hardly():
    normal = replace(ANGRY, intensity=1)
    strengths = [
        perform(clip, FACE_CONFUSIONS, 0.5, 0.0, np.random.default_rng(0)).strength
        for clip in (normal, ANGRY)
    ]
    assert strengths[1] > 1.3 * strengths[0]
    weak = perform(ANGRY, FACE_CONFUSIONS, 0.5, 1.0, np.random.default_rng(0))
    assert weak.strength < 0.4


def test_a_sentence_sounds_the_same_whatever_was_said_before():
    first = espeak.say("Kids are talking", "en-us+m3", 160, 50, 50, seed=3)
    espeak.say("Dogs are sitting", "en-us+f2", 130, 60, 20, seed=4)
    assert np.array_equal(first, espeak.say("Kids are talking", "en-us+m3", 160, 50, 50, seed=3))


def test_the_synthesiser_starts_with_its_data_in_a_deep_folder(tmp_path, monkeypatch):
    deep = tmp_path / ("deep" * 40)
    deep.symlink_to(espeak.espeakng_loader.get_data_path(), target_is_directory=True)
    monkeypatch.setattr(espeak.espeakng_loader, "get_data_path", lambda: str(deep))
    assert len(espeak.say("Kids", "en-us", 160, 50, 50, seed=1)) > 1000


def test_angry_is_louder_faster_and_brighter_than_sad():
    timbre = timbre_of(5, TEXTBOOK)
    angry, sad = (speak(clip, timbre, TEXTBOOK) for clip in (ANGRY, SAD))

    def brightness(utterance):
        power = np.abs(np.fft.rfft(utterance.samples)) ** 2
        return (np.fft.rfftfreq(len(utterance.samples), 1 / AUDIO_RATE) * power).sum() / power.sum()

    assert np.abs(angry.samples).max() > 2 * np.abs(sad.samples).max()
    assert angry.stop_s - angry.start_s < sad.stop_s - sad.start_s
    assert brightness(angry) > brightness(sad)


def test_silence_frames_the_sentence():
    utterance = speak(ANGRY, timbre_of(5, SETTINGS), SETTINGS)
    seconds = len(utterance.samples) / AUDIO_RATE
    assert SETTINGS.shortest_seconds <= seconds <= SETTINGS.longest_seconds
    assert utterance.start_s >= 0.19 and utterance.stop_s <= seconds - 0.19
    before = utterance.samples[: int(utterance.start_s * AUDIO_RATE)]
    assert 0 < np.abs(before).max() < 0.01


def test_expressions_rise_around_the_sentence_and_the_mouth_opens_with_the_voice():
    samples = np.zeros(3 * AUDIO_RATE, np.float32)
    samples[int(1.4 * AUDIO_RATE) : int(1.6 * AUDIO_RATE)] = 0.5
    frames = act(ANGRY, Utterance(samples, 1.0, 2.0), frame_times(3.0), np.zeros(14), TEXTBOOK)
    lowered = [-frame.inner_brow for frame in frames]
    assert lowered[45] > 2 * max(lowered[0], lowered[-1])
    assert frames[45].jaw > frames[35].jaw + 0.3


def test_emotions_and_actors_look_different_also_at_48_pixels():
    looks = appearance_of(8, seed=2020)
    portrait = paint_portrait(looks)
    faces = [draw_face(portrait, looks, EXPRESSIONS[emotion]) for emotion in EMOTIONS]
    small = [face[..., 1].reshape(48, 15, 48, 15).mean((1, 3)) for face in faces]
    for first, second in combinations(small, 2):
        assert np.abs(first - second).max() > 8
    assert looks == appearance_of(8, seed=2020) != appearance_of(6, seed=2020)
