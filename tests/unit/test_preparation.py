"""The steps from archives to prepared files, as the workflow tells them."""

from __future__ import annotations

import logging
import zipfile

import numpy as np
import pytest
import soundfile
from PIL import Image

from mmer.corpora.affectnet_lists import COLUMNS, IMAGES
from mmer.items import read_items
from mmer.media.decoding import decode_whole_frames
from mmer.media.preparation import PreparationJob, prepare_media
from mmer.media.recordings import ExtractionJob, ItemsJob, extract_speaker, list_items
from mmer.media.saliency import SaliencyJob, map_saliency, spectral_residual, square_maps
from mmer.ragged import read_ragged
from mmer.runtime.errors import UserError

RAVDESS = {"corpus": "ravdess", "settings": {"actors": [1, 7], "clips_per_actor": 2}}
SPECTRAL = {"method": "spectral_residual"}
CLIPS = ["01-01-03-01-01-01-07", "01-01-05-01-01-01-07"]

FOLLOWED = """
from pathlib import Path
import numpy as np
from mmer.corpora.base import Corpus, CorpusSettings
from mmer.items import items_table
from mmer.tasks import Traces

class Followed(Corpus):
    name = "followed"
    Settings = CorpusSettings
    recordings = "voice"
    tasks = {"affect": Traces(names=("arousal", "valence"), rate=25)}
    speakers = ("anna",)
    folds = (("anna",),)

    def files(self, speaker):
        return [str(self.folder / "one.wav")]

    def items(self, found):
        rows = [{"item": f.stem, "speaker": s} for s, files in found.items() for f in files]
        return items_table(rows, ())

    def traces(self, speaker, items):
        return {name: np.load(self.folder / f"{name}.npy") for name in items.names}
"""


def test_an_archive_becomes_items_audio_frames_and_maps(tmp_path, make_clip):
    archive = tmp_path / "Video_Speech_Actor_07.zip"
    speckled = np.random.default_rng(0).integers(0, 255, (180, 320, 3), np.uint8)
    with zipfile.ZipFile(archive, "w") as content:
        for name in CLIPS:
            film = make_clip(tmp_path / f"{name}.mp4", picture=lambda frame: speckled)
            content.write(film, f"Actor_07/{name}.mp4")
    folder = tmp_path / "clips" / "07"
    extract_speaker(ExtractionJob(**RAVDESS, archive=archive, speaker="07", out=folder))
    (folder / ".snakemake_timestamp").touch()

    list_items(ItemsJob(**RAVDESS, found={"07": (folder,)}, out=tmp_path / "items.csv"))
    assert read_items(tmp_path / "items.csv").names == tuple(CLIPS)

    outputs = {kind: tmp_path / f"{kind}.npz" for kind in ("audio", "frames")}
    told = {**RAVDESS, "speaker": "07", "files": (folder,)}
    prepare_media(PreparationJob(**told, preparation={}, outputs=outputs))
    map_saliency(SaliencyJob(**told, saliency=SPECTRAL, out=tmp_path / "saliency.npz"))
    audio, frames = (read_ragged([path]) for path in outputs.values())
    maps = read_ragged([tmp_path / "saliency.npz"])
    assert audio.items == frames.items == maps.items == tuple(CLIPS)
    assert (audio.rate, frames.rate, maps.rate) == (16000, 30, 30)
    assert frames.offsets.tolist() == maps.offsets.tolist() == [0, 30, 60]
    of_whole_frames = spectral_residual(decode_whole_frames(folder / f"{CLIPS[0]}.mp4"))
    np.testing.assert_array_equal(maps.of(0), square_maps(of_whole_frames))


def test_the_time_between_the_starts_of_sound_and_pictures_is_kept_and_told(
    tmp_path, make_clip, caplog
):
    files = tuple(
        make_clip(tmp_path / f"{name}.mp4", pictures_late=frames)
        for name, frames in zip(CLIPS, (3, 0), strict=True)
    )
    outputs = {kind: tmp_path / f"{kind}.npz" for kind in ("audio", "frames")}
    told = {**RAVDESS, "speaker": "07", "files": files}
    with caplog.at_level(logging.WARNING, "mmer"):
        prepare_media(PreparationJob(**told, preparation={}, outputs=outputs))
    starts = read_ragged([outputs["frames"]]).starts
    assert starts.tolist() == pytest.approx([3 * 1001 / 30000, 0.0], abs=1e-3)
    assert [record.getMessage() for record in caplog.records] == [
        f"{CLIPS[0]}: the frames start +0.100 s after the sound"
    ]


def test_a_folder_without_recordings_is_named(tmp_path):
    told = {**RAVDESS, "speaker": "07", "files": (tmp_path,)}
    with pytest.raises(UserError, match=f"no recordings in {tmp_path}"):
        prepare_media(PreparationJob(**told, preparation={}, outputs={}))


def test_pictures_are_prepared_by_block_in_the_order_of_the_items(tmp_path):
    lists = {"training": ["1/a.jpg", "1/b.jpg"], "validation": ["2/c.jpg"]}
    for grey, (name, pictures) in enumerate(lists.items()):
        rows = [f"{picture},0,0,10,10,,1,0.5,0" for picture in pictures]
        (tmp_path / f"{name}.csv").write_text("\n".join([",".join(COLUMNS), *rows]) + "\n")
        for picture in pictures:
            path = tmp_path / IMAGES / picture
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (30, 20), (100 * grey,) * 3).save(path)
    told = {"corpus": "affectnet", "settings": {"blocks": 2}, "folder": tmp_path}
    told |= {"speaker": "block01"}
    prepare_media(
        PreparationJob(**told, preparation={}, outputs={"frames": tmp_path / "frames.npz"})
    )
    map_saliency(SaliencyJob(**told, saliency=SPECTRAL, out=tmp_path / "saliency.npz"))
    frames, maps = (read_ragged([tmp_path / f"{k}.npz"]) for k in ("frames", "saliency"))
    assert frames.items == maps.items == ("2/c.jpg",)
    assert frames.values.shape == maps.values.shape == (1, 48, 48)
    assert abs(int(frames.values[0, 0, 0]) - 100) <= 1


@pytest.fixture
def followed(tmp_path) -> dict:
    """A user's corpus of one voice and its traces, with its item table written."""
    (tmp_path / "followed.py").write_text(FOLLOWED)
    soundfile.write(tmp_path / "one.wav", np.zeros((8000, 2)), 8000)
    np.save(tmp_path / "one.npy", np.ones((25, 2)))
    told = {"corpus": "followed", "settings": {}, "folder": tmp_path}
    told["plugins"] = (tmp_path / "followed.py",)
    found = {"anna": (tmp_path / "one.wav",)}
    list_items(ItemsJob(**told, found=found, out=tmp_path / "items.csv"))
    return {**told, "speaker": "anna", "files": found["anna"], "items": tmp_path / "items.csv"}


def test_a_users_voices_have_audio_and_traces(followed, tmp_path):
    outputs = {kind: tmp_path / f"{kind}.npz" for kind in ("audio", "traces")}
    prepare_media(PreparationJob(**followed, preparation={}, outputs=outputs))
    audio, traces = (read_ragged([path]) for path in outputs.values())
    assert audio.items == traces.items == ("one",)
    assert len(audio.values) == pytest.approx(16000, abs=64)
    assert traces.rate == 25
    assert traces.values.shape == (25, 2) and traces.values.dtype == np.float32


@pytest.mark.parametrize("trace", [np.ones((25, 3)), np.full((25, 2), np.nan), np.ones((0, 2))])
def test_traces_that_are_none_are_refused(followed, tmp_path, trace):
    np.save(tmp_path / "one.npy", trace)
    job = PreparationJob(**followed, preparation={}, outputs={"traces": tmp_path / "t.npz"})
    with pytest.raises(UserError, match="traces of one are not finite numbers of arousal, valence"):
        prepare_media(job)
