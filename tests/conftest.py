"""What several tests need: tiny real video clips and the folder of reference material."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

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
def ravdess_voices() -> Path:
    """All spoken RAVDESS recordings as FLAC; the test is skipped where they are absent."""
    folder = REPOSITORY.parent / "shared" / "ravdess-voices"
    if not folder.is_dir():
        pytest.skip("RAVDESS's spoken recordings are not on this machine")
    return folder


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
) -> Path:
    """Write a clip: a grey ramp unless ``picture(frame)`` gives RGB, and a 440 Hz tone."""
    width, height = size
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=Fraction(30000, 1001))
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.options = {"preset": "ultrafast", "crf": "10", "threads": "1"}
        sound = None
        if audio:
            layout = "mono" if channels == 1 else "stereo"
            sound = container.add_stream("aac", rate=48000, layout=layout)
        for index in range(round(seconds * 30000 / 1001)):
            image = picture(index) if picture else np.full((height, width, 3), 128, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if sound is not None:
            times = np.arange(round(seconds * 48000)) / 48000
            tone = (0.5 * np.sin(2 * np.pi * 440 * times)).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(
                np.tile(tone, (channels, 1)), format="fltp", layout=sound.layout.name
            )
            frame.sample_rate = 48000
            container.mux(sound.encode(frame))
            container.mux(sound.encode(None))
    return path
