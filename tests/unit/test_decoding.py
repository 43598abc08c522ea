"""Decoding: one pass gives 16 kHz audio, square grey frames at 30 per second, whole frames."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
from PIL import Image

from mmer.media.decoding import (
    at_constant_rate,
    centre_square,
    decode_clip,
    decode_voice,
    decode_whole_frames,
)
from mmer.media.settings import PreparationSettings
from mmer.runtime.errors import UserError

SETTINGS = PreparationSettings()
NAME = "01-01-03-01-01-01-01.mp4"


def level(audio):
    """Root mean square."""
    return np.sqrt(np.mean(audio**2))


def test_a_clip_gives_audio_and_square_and_whole_frames(tmp_path, make_clip):
    path = make_clip(tmp_path / NAME, seconds=1.0)
    clip, whole = decode_clip(path, SETTINGS), decode_whole_frames(path)
    assert abs(len(clip.audio) - 16000) <= 1024 and clip.audio.dtype == np.int16
    assert clip.frames.shape == (30, 48, 48) and clip.frames.dtype == np.uint8
    assert whole.shape == (30, 180, 320, 3) and whole.dtype == np.uint8
    np.testing.assert_array_equal(decode_voice(path, SETTINGS), clip.audio)


@pytest.mark.parametrize("channels", [1, 2])
def test_the_tone_keeps_its_pitch_and_level(tmp_path, make_clip, channels):
    clip = decode_clip(make_clip(tmp_path / NAME, channels=channels), SETTINGS)
    audio = clip.audio[2000:14000] / 32768
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio))))
    assert np.fft.rfftfreq(len(audio), 1 / 16000)[spectrum.argmax()] == pytest.approx(440, abs=2)
    assert level(audio) == pytest.approx(0.5 / np.sqrt(2), abs=0.01)


@pytest.mark.parametrize(
    ("late", "offset_s"),
    [
        ({}, 0.0),
        ({"pictures_late": 15}, 15 * 1001 / 30000),
        # The codec's first packet of 1024 samples, which only fills it, comes before.
        ({"sound_late_s": 0.5}, -(0.5 - 1024 / 48000)),
    ],
)
def test_sound_and_pictures_keep_the_time_between_their_starts(tmp_path, make_clip, late, offset_s):
    path = make_clip(tmp_path / NAME, seconds=2.0, **late)
    clip = decode_clip(path, SETTINGS)
    assert clip.offset_s == pytest.approx(offset_s, abs=1e-3)  # containers round
    heard_s = (np.abs(clip.audio) > 3000).argmax() / 16000
    assert heard_s - clip.offset_s == pytest.approx(
        late.get("sound_late_s", 0.0) - late.get("pictures_late", 0) * 1001 / 30000, abs=0.003
    )


def test_lateral_pixels_are_removed_and_the_range_is_full(tmp_path, make_clip):
    def picture(index):
        image = np.zeros((180, 320, 3), np.uint8)
        image[:, 70:250] = 255
        return image

    path = make_clip(tmp_path / NAME, picture=picture)
    assert decode_clip(path, SETTINGS).frames[5].min() >= 250
    assert decode_whole_frames(path)[5][:, :60].max() <= 5


@pytest.mark.parametrize(
    ("name", "kernel"), [("bicubic", Image.Resampling.BICUBIC), ("area", Image.Resampling.BOX)]
)
def test_a_face_is_the_luminance_shrunk_by_the_filter_of_the_settings(
    tmp_path, make_clip, name, kernel
):
    image = np.full((180, 320, 3), 40, np.uint8)
    image[90:] = 200
    path = make_clip(tmp_path / NAME, picture=lambda index: image)
    frame = decode_clip(path, SETTINGS.model_copy(update={"frame_resize": name})).frames[5]
    expected = Image.fromarray(image[:, 70:250, 0]).resize((48, 48), kernel)
    np.testing.assert_allclose(frame.astype(int), np.asarray(expected), atol=3)


def test_centre_square_of_a_raw_frame_is_720_wide():
    picture = np.broadcast_to(np.arange(1280), (720, 1280))
    square = centre_square(picture)
    assert square.shape == (720, 720)
    assert square[0, 0] == 280


def test_29_97_frames_per_second_repeat_one_frame_in_a_thousand():
    times = np.arange(1001) * 1001 / 30000
    shown = at_constant_rate(times, 30)
    assert shown[:100].tolist() == list(range(100))
    assert len(shown) == 1002 and np.bincount(shown).tolist().count(2) == 1


@pytest.mark.parametrize(
    ("times", "rate", "shown"),
    [
        ([0.0, 1.55, 3.45], 1, [0, 0, 1, 2, 2]),  # from the tick nearest to its time
        ([0.5, 0.5333, 0.5667], 30, [0, 1, 2]),  # a late start does not repeat the first
    ],
)
def test_a_frame_shows_until_the_tick_of_the_next(times, rate, shown):
    assert at_constant_rate(np.array(times), rate).tolist() == shown


def test_a_truncated_video_is_refused(tmp_path, make_clip):
    path = make_clip(tmp_path / NAME)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(UserError, match=f"{NAME} cannot be decoded"):
        decode_clip(path, SETTINGS)


@pytest.mark.parametrize(
    ("made", "reason"),
    [({"audio": False}, f"{NAME} has no audio stream"), ({"seconds": 0.2}, r"at least 0\.35 s")],
)
def test_a_clip_that_no_model_can_read_is_refused(tmp_path, make_clip, made, reason):
    with pytest.raises(UserError, match=reason):
        decode_clip(make_clip(tmp_path / NAME, **made), SETTINGS)


@pytest.mark.parametrize(
    ("channels", "ending", "subtype"),
    [(1, "wav", "PCM_24"), (2, "flac", "PCM_16"), (6, "wav", "FLOAT")],
)
def test_a_voice_of_any_form_is_mixed_to_one_channel_of_the_same_level(
    tmp_path, channels, ending, subtype
):
    path = tmp_path / f"anna.{ending}"
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(44100) / 44100)
    soundfile.write(path, np.repeat(tone[:, None], channels, axis=1), 44100, subtype=subtype)
    audio = decode_voice(path, SETTINGS)
    assert audio.dtype == np.int16
    assert abs(len(audio) - 16000) <= 64
    assert level(audio[2000:14000] / 32768) == pytest.approx(0.5 / np.sqrt(2), abs=0.01)


def test_each_of_two_channels_counts_half(tmp_path):
    """RAVDESS's own recordings with two channels carry the same sound in both."""
    time = np.arange(16_000) / 16_000
    left, right = (0.4 * np.sin(2 * np.pi * pitch * time) for pitch in (440, 700))
    soundfile.write(tmp_path / "two.wav", np.stack([left, right], axis=1), 16_000)
    audio = decode_voice(tmp_path / "two.wav", SETTINGS) / 32768
    np.testing.assert_allclose(audio, (left + right) / 2, atol=2 / 32768)


def test_more_channels_than_can_be_mixed_are_refused(tmp_path):
    soundfile.write(tmp_path / "many.wav", np.zeros((16000, 9)), 16000)
    with pytest.raises(UserError, match=r"channels of .*many\.wav cannot be mixed"):
        decode_voice(tmp_path / "many.wav", SETTINGS)


def test_a_rate_that_changes_within_a_recording_is_refused(tmp_path):
    parts = [tmp_path / f"{rate}.mp3" for rate in (48_000, 44_100)]
    for part in parts:
        soundfile.write(part, np.zeros(int(part.stem)), int(part.stem))
    path = tmp_path / "joined.mp3"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    with pytest.raises(UserError, match=r"joined\.mp3 changes its rate or channels"):
        decode_voice(path, SETTINGS)
