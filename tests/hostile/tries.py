"""The one property of hostile input: it is accepted and right, or refused in one line.

``MMER_HOSTILE_EXAMPLES`` says how many inputs each test tries; the inputs are the same every time.
"""

from __future__ import annotations

import csv
import io
import os
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings

from mmer.runtime.errors import UserError

EXAMPLES = int(os.environ.get("MMER_HOSTILE_EXAMPLES", "40"))

TRIED: Counter[str] = Counter()
"""Inputs ``accepted`` and ``refused`` in this process."""


def hostile(share: float = 1.0) -> settings:
    """Settings of a test that tries this share of the usual number of inputs."""
    return settings(
        max_examples=max(5, round(EXAMPLES * share)),
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@dataclass(frozen=True)
class Outcome:
    """What came of an input: its value where accepted, else the sentence that refuses it."""

    value: Any = None
    refusal: str | None = None


def attempt(read: Callable[[], Any], named: str) -> Outcome:
    """Read an input that may be hostile.

    Anything but a value or a refusal in one line that holds ``named`` fails the test, and so does
    arithmetic that warns, such as a cast that makes up a number.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            value = read()
    except UserError as error:
        text = str(error)
        assert text.splitlines() == [text], f"more than one line: {text!r}"
        assert named in text, f"{named} is not named: {text!r}"
        TRIED["refused"] += 1
        return Outcome(refusal=text)
    TRIED["accepted"] += 1
    return Outcome(value=value)


def as_csv(*rows: list[str], separator: str = ",") -> bytes:
    """A table as the bytes of its file."""
    stream = io.StringIO()
    csv.writer(stream, delimiter=separator).writerows(rows)
    return stream.getvalue().encode("utf-8", "surrogatepass")


def attempt_file(content: bytes, read: Callable[[Path], Any]) -> Outcome:
    """Read a file that may be hostile; a refusal names it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_bytes(content)
        return attempt(lambda: read(path), named=str(path))
