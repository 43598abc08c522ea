"""Where the face of a film is, and what is cropped of it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
from demo.appearance import appearance_of
from demo.expression import Expression
from demo.face import draw_face
from demo.portrait import paint_portrait
from tests.conftest import REPOSITORY

from mmer.media import face_pictures
from mmer.media.faces import FaceDetector, followed, square_crop
from mmer.media.settings import FaceSettings
from mmer.ragged import read_ragged
from mmer.runtime.errors import UserError

FILM = REPOSITORY.parent / "shared" / "ravdess-clip" / "01-01-07-02-02-01-01.mp4"

EACH = FaceSettings(look_every=1, smoothed_looks=1)


@pytest.fixture(scope="module")
def drawn() -> np.ndarray:
    """The demo's fourth face, ``(720, 720, 3)`` uint8, about 420 pixels from forehead to chin."""
    looks = appearance_of(4, 7)
    return np.ascontiguousarray(draw_face(paint_portrait(looks), looks, Expression())[..., 2::-1])


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    """As it is by default."""
    return FaceDetector(FaceSettings())


def test_a_real_face_is_found_in_every_look(detector):
    if not FILM.is_file():
        pytest.skip("the real film is not on this machine")
    with av.open(str(FILM)) as film:
        pictures = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    settings = FaceSettings()
    looks = [detector.face(picture) for picture in pictures[:: settings.look_every]]
    assert all(look is not None for look in looks)
    boxes = followed(looks, len(pictures), settings, FILM)
    # Read by eye in the sixtieth frame: the eyes at (265, 240) and (330, 235), the chin at 355.
    left, top, side = boxes[60]
    assert left < 235 and left + side > 375 and 140 < top < 220 and 350 < top + side < 390
    assert np.abs(np.diff(boxes, axis=0)).max() < 4  # the head moves, the box does not jump


def test_a_face_is_found_where_it_lies_at_any_size_of_the_picture(detector, drawn):
    whole = detector.face(drawn)
    canvas = np.full((1440, 2000, 3), 255, np.uint8)
    canvas[400:1120, 900:1620] = drawn
    moved = detector.face(canvas)
    assert whole[2] == pytest.approx(420, abs=40)
    np.testing.assert_allclose(moved - [900, 400, 0], whole, atol=40)


def test_the_larger_face_nearer_to_the_middle_comes_first(detector, drawn):
    canvas = np.full((720, 1440, 3), 60, np.uint8)
    canvas[180:540, 20:380] = drawn[::2, ::2]
    canvas[:, 540:1260] = drawn
    boxes = detector.faces(canvas)
    assert len(boxes) == 2 and boxes[0, 2] > 1.5 * boxes[1, 2]
    assert boxes[0, 0] > 540 > boxes[1, 0]


def test_a_picture_without_a_face_has_none(detector):
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    assert detector.face(noise) is None
    assert detector.faces(np.full((240, 320), 128, np.uint8)).size == 0


def test_between_looks_a_box_glides():
    looks = [np.array([0.0, 10.0, 20.0]), np.array([10.0, 10.0, 20.0])]
    settings = FaceSettings(look_every=2, smoothed_looks=1)
    assert followed(looks, 4, settings, "film")[:, 0].tolist() == [0, 5, 10, 10]


def test_a_look_without_a_face_is_bridged_about_its_middle():
    looks = [np.array([0.0, 0.0, 20.0]), None, np.array([20.0, 0.0, 24.0])]
    assert followed(looks, 3, EACH, "film")[1].tolist() == [10, 0, 22]


def test_what_one_look_alone_sees_is_dropped():
    still, wrong = np.array([5.0, 5.0, 20.0]), np.array([90.0, 90.0, 10.0])
    settings = FaceSettings(look_every=1, smoothed_looks=3)
    assert (followed([still, still, wrong, still, still], 5, settings, "film") == still).all()


def test_an_eye_taken_for_a_face_is_not_believed():
    face, eye = np.array([5.0, 5.0, 60.0]), np.array([20.0, 20.0, 30.0])
    assert (followed([eye, eye, face, face, face], 5, EACH, "film") == face).all()


def test_a_film_without_a_face_is_refused_in_one_sentence():
    with pytest.raises(UserError, match=r"no face is found in somebody\.mp4: give a film"):
        followed([None, None], 2, EACH, "somebody.mp4")


def write_film(path: Path, picture: np.ndarray) -> Path:
    """A still film of half a second."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.height, video.width, video.pix_fmt = *picture.shape[:2], "yuv420p"
        for time in range(12):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
            frame.pts = time
            container.mux(video.encode(frame))
        container.mux(video.encode())
    return path


def test_all_films_of_a_speaker_without_a_face_are_named_at_once(tmp_path, drawn, monkeypatch):
    grey = np.full((240, 240, 3), 120, np.uint8)
    shown = {"a": grey, "b": np.ascontiguousarray(drawn[::3, ::3]), "c": grey}
    films = {name: write_film(tmp_path / f"{name}.mp4", each) for name, each in shown.items()}
    corpus = SimpleNamespace(recordings="sound", first_seconds=None)
    monkeypatch.setattr(face_pictures, "recordings_of", lambda job: (corpus, None, films))
    told = {"corpus": "mine", "settings": {}, "folder": None, "speaker": "s", "faces": {}}
    job = face_pictures.FacesJob(**told, out=tmp_path / "faces.npz")
    with pytest.raises(UserError, match=r"no face is found in \S+a\.mp4, \S+c\.mp4: give"):
        face_pictures.crop_faces(job)
    del films["a"], films["c"]
    face_pictures.crop_faces(job)
    assert read_ragged([job.out]).of(0).shape == (12, 96, 96, 3)


def test_a_crop_is_a_square_with_its_margin():
    picture = np.zeros((10, 12), np.uint8)
    picture[3:7, 4:8] = 100  # the box
    crop = square_crop(picture, np.array([4.0, 3.0, 4.0]), 6, margin=0.25)
    assert crop.shape == (6, 6) and (crop[1:5, 1:5] == 100).all() and crop.sum() == 1600


def test_beyond_the_picture_a_crop_goes_on_as_its_border():
    picture = np.arange(4, dtype=np.uint8)[:, None, None].repeat(4, 1).repeat(3, 2)
    crop = square_crop(picture, np.array([-2.0, -2.0, 4.0]), 4, margin=0)
    assert crop[:, 0, 0].tolist() == [0, 0, 0, 1] and (crop == crop[:, :1, :1]).all()
