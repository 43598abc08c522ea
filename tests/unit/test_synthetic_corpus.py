"""The synthetic corpus as files: inventory, movies, zips and the Zenodo record."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections import Counter
from fractions import Fraction

import av
import numpy as np
import pytest
from demo.archive import archive_path, record_path, write_corpus
from demo.inventory import clips_of_actor
from demo.settings import SyntheticCorpusSettings
from pydantic import ValidationError

from mmer.corpora.ravdess import Clip

TINY = SyntheticCorpusSettings(
    actors=(3, 8), clips_per_actor=1, shortest_seconds=0.8, longest_seconds=0.9, stereo_share=1.0
)


@pytest.fixture(scope="module")
def mirror(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mirror")
    write_corpus(folder, TINY, jobs=1)
    return folder


@pytest.fixture(scope="module")
def movies(mirror):
    with zipfile.ZipFile(archive_path(mirror, 3)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def twins(movies):
    """A movie with sound and its silent twin."""
    return [movies[name] for name in sorted(movies)]


def test_sixty_clips_are_the_inventory_of_ravdess():
    clips = clips_of_actor(7, 60)
    assert len({clip.name for clip in clips}) == 60
    assert all(Clip.parse(clip.name) == clip for clip in clips)
    assert Counter(clip.emotion for clip in clips) == {1: 4} | dict.fromkeys(range(2, 9), 8)


def test_sixteen_clips_have_every_emotion_in_both_statements():
    clips = clips_of_actor(2, 16)
    assert len({(clip.emotion, clip.statement) for clip in clips}) == 16
    assert {clip.intensity for clip in clips} == {clip.repetition for clip in clips} == {1, 2}


def test_archives_have_the_names_and_layout_of_ravdess(mirror, movies):
    assert archive_path(mirror, 3).name == "Video_Speech_Actor_03.zip"
    names = sorted(movies)
    first = clips_of_actor(3, 1)[0].name
    assert names == [f"Actor_03/{first}.mp4", f"Actor_03/02{first[2:]}.mp4"]


def test_movies_have_the_media_properties_of_ravdess(twins):
    with av.open(io.BytesIO(twins[0])) as movie:
        video, audio = movie.streams.video[0], movie.streams.audio[0]
        assert video.codec_context.name == "h264"
        assert (video.width, video.height, video.pix_fmt) == (1280, 720, "yuv420p")
        assert video.average_rate == Fraction(30_000, 1001)
        assert audio.codec_context.name == "aac"
        assert (audio.rate, audio.channels) == (48_000, 2)
        assert float(video.duration * video.time_base) == pytest.approx(0.85, abs=0.1)
        assert float(audio.duration * audio.time_base) == pytest.approx(0.85, abs=0.1)


def test_frames_are_white_at_both_sides_and_show_somebody_between(twins):
    with av.open(io.BytesIO(twins[0])) as movie:
        frame = next(movie.decode(video=0)).to_ndarray(format="gray").astype(int)
    assert frame[:, :276].min() > 230 and frame[:, 1004:].min() > 230
    assert np.ptp(frame[:, 400:880]) > 150


def test_the_silent_twin_has_the_same_pictures_and_no_sound(twins):
    def packets(movie):
        with av.open(io.BytesIO(movie)) as container:
            return [
                (packet.pts, bytes(packet))
                for packet in container.demux(video=0)
                if packet.dts is not None
            ]

    with av.open(io.BytesIO(twins[1])) as twin:
        assert len(twin.streams.audio) == 0
        assert twin.streams.video[0].average_rate == Fraction(30_000, 1001)
    assert packets(twins[0]) == packets(twins[1])


def test_the_record_tells_size_and_checksum_of_every_archive(mirror):
    record = json.loads(record_path(mirror).read_text("utf-8"))
    assert "synthetic" in record["metadata"]["title"]
    assert [file["key"] for file in record["files"]] == [
        "Video_Speech_Actor_03.zip",
        "Video_Speech_Actor_08.zip",
    ]
    for file in record["files"]:
        host_and_path = file["links"]["self"].removeprefix("https://")
        content = (mirror / host_and_path).read_bytes()
        assert file["size"] == len(content)
        assert file["checksum"] == f"md5:{hashlib.md5(content).hexdigest()}"


def test_a_complete_mirror_stays_as_it_is(mirror):
    before = archive_path(mirror, 3).stat().st_mtime_ns
    write_corpus(mirror, TINY, jobs=1)
    assert archive_path(mirror, 3).stat().st_mtime_ns == before


def test_another_seed_makes_another_corpus_and_several_jobs_the_same(mirror, tmp_path):
    write_corpus(tmp_path, TINY.model_copy(update={"seed": 1, "actors": (3,)}), jobs=1)
    assert archive_path(tmp_path, 3).read_bytes() != archive_path(mirror, 3).read_bytes()
    write_corpus(tmp_path, TINY, jobs=2)
    for actor in TINY.actors:
        made, before = archive_path(tmp_path, actor), archive_path(mirror, actor)
        assert made.read_bytes() == before.read_bytes()
    assert record_path(tmp_path).read_bytes() == record_path(mirror).read_bytes()


@pytest.mark.parametrize("wrong", [{"actors": [25]}, {"actors": [1, 1]}, {"shortest_seconds": 4.0}])
def test_settings_outside_ravdess_are_refused(wrong):
    with pytest.raises(ValidationError):
        SyntheticCorpusSettings.model_validate(wrong)
