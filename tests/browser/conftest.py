"""Reports in a real browser: found where they were left by a run, opened in headless Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REPORT = os.environ.get("MMER_REPORT")
"""A report to open instead of those under ``results/``."""

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    # No address resolves: whatever the page loads from elsewhere fails and is seen.
    "--host-resolver-rules=MAP * ~NOTFOUND",
)


@dataclass(frozen=True)
class Browser:
    """Headless Chromium with a profile of its own."""

    program: str
    folder: Path

    def open(self, page: Path, seconds: int) -> tuple[str, str]:
        """The document after its scripts ran so many virtual seconds, and the console's lines."""
        command = [
            self.program,
            *_QUIET,
            f"--user-data-dir={self.folder / 'profile'}",
            "--window-size=1300,900",
            f"--virtual-time-budget={1000 * seconds}",
            *("--enable-logging=stderr", "--v=0", "--dump-dom"),
            page.as_uri(),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
        return done.stdout, done.stderr


@pytest.fixture(scope="session")
def browser(tmp_path_factory) -> Browser:
    """The browser of this machine; the test is skipped where there is none."""
    program = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if program is None:
        pytest.skip(f"no browser here: install one of {', '.join(_BROWSERS)}")
    return Browser(program, tmp_path_factory.mktemp("browser"))


def reports() -> list[Path]:
    """The report to check, or every report that runs have left."""
    if REPORT:
        return [Path(REPORT).resolve()]
    return sorted((ROOT / "results").glob("*/report.html"))
