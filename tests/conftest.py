"""What several tests need: tiny real video clips and the folder of reference material."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from mmer.media.checksums import verify
from mmer.media.weights_registry import read_registered

from .hostile.closing_line import (  # noqa: F401  hooks
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
)

REPOSITORY = Path(__file__).parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The complete run first, then other runs: nothing long is left for one process at the end."""
    items.sort(
        key=lambda item: (
            item.path.stem != "test_complete_run",
            item.path.parent.name != "workflow",
        )
    )


@pytest.fixture(scope="session")
def published_mirror() -> Path:
    """The mirror with the authors' published posteriors; the test is skipped where it is absent."""
    folder = REPOSITORY.parent / "shared" / "mirror"
    if not folder.is_dir():
        pytest.skip("the mirror with the published posteriors is not on this machine")
    return folder


@pytest.fixture(scope="session")
def real_voices() -> Path:
    """The spoken recordings of RAVDESS by actor; the test is skipped where they are absent."""
    folder = REPOSITORY.parent / "shared" / "ravdess-voices"
    if not folder.is_dir():
        pytest.skip("the recordings of RAVDESS's voices are not on this machine")
    return folder


@pytest.fixture(scope="session")
def voice_activity_weights() -> Path:
    """The verified weights of the voice activity detector; skipped where they are absent."""
    entry = read_registered(REPOSITORY / "resources" / "weights.yaml")["speech_music_noise_vad"]
    path = REPOSITORY / "results" / "demo" / "mirror" / entry.place
    if not path.is_file():
        pytest.skip("the voice activity weights are not here; make test brings them")
    verify(path, f"sha256:{entry.sha256}", entry.size)
    return path


@pytest.fixture
def on_the_cpu(monkeypatch) -> Iterator[None]:
    """Steps compute on the CPU; what one sets for its whole process is undone for the next test."""
    monkeypatch.setenv("MMER_DEVICE", "cpu")
    import torch

    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)


@pytest.fixture(scope="session")
def make_clip() -> Callable[..., Path]:
    """A function that writes a small H.264/AAC clip."""
    return write_clip


def write_clip(
    path: Path,
    seconds: float = 1.0,
    size: tuple[int, int] = (320, 180),
    audio: bool = True,
    channels: int = 1,
    picture: Callable[[int], np.ndarray] | None = None,
    sound_late_s: float = 0.0,
    pictures_late: int = 0,
    coding: str = "yuv420p",
    pixel_aspect: Fraction = Fraction(1),
    **options: str,
) -> Path:
    """Write a clip: grey unless ``picture(frame)`` gives RGB, and a 440 Hz tone.

    The sound, or so many pictures' time, may come late; ``options`` are those of the encoder.
    """
    width, height = size
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=Fraction(30000, 1001))
        video.width, video.height, video.pix_fmt = width, height, coding
        video.options = {"preset": "ultrafast", "crf": "10", "threads": "1", **options}
        video.codec_context.sample_aspect_ratio = pixel_aspect
        sound = None
        if audio:
            layout = "mono" if channels == 1 else "stereo"
            sound = container.add_stream("aac", rate=48000, layout=layout)
        for index in range(round(seconds * 30000 / 1001)):
            image = picture(index) if picture else np.full((height, width, 3), 128, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.time_base, frame.pts = Fraction(1001, 30000), index + pictures_late
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if sound is not None:
            times = np.arange(round(seconds * 48000)) / 48000
            tone = (0.5 * np.sin(2 * np.pi * 440 * times)).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(
                np.tile(tone, (channels, 1)), format="fltp", layout=sound.layout.name
            )
            frame.sample_rate = 48000
            frame.time_base, frame.pts = Fraction(1, 48000), round(sound_late_s * 48000)
            container.mux(sound.encode(frame))
            container.mux(sound.encode(None))
    return path
