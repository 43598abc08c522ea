"""Reports in a real browser: found where they were left by a run, opened in headless Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
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


@pytest.fixture(scope="session")
def browser(tmp_path_factory) -> Callable[..., tuple[str, str]]:
    """Opens a page and gives the document after its scripts ran so many virtual seconds, and a log.

    The test is skipped where this machine has no browser.
    """
    program = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if program is None:
        pytest.skip(f"no browser here: install one of {', '.join(_BROWSERS)}")
    profile = tmp_path_factory.mktemp("browser") / "profile"

    def opened(page: Path, seconds: int) -> tuple[str, str]:
        command = [
            *(program, *_QUIET, f"--user-data-dir={profile}", "--window-size=1300,900"),
            f"--virtual-time-budget={1000 * seconds}",
            *("--enable-logging=stderr", "--v=0", "--dump-dom"),
            page.as_uri(),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
        return done.stdout, done.stderr

    return opened


def reports() -> list[Path]:
    """The report to check, or every report that runs have left."""
    if REPORT:
        return [Path(REPORT).resolve()]
    return sorted((ROOT / "results").glob("*/report.html"))
