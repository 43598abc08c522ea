"""Hooks that print how many hostile inputs a run tried, over all processes of the run."""

from __future__ import annotations

import pytest

from .tries import TRIED


def pytest_sessionfinish(session):
    """Hand this process's numbers to the one that prints."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["hostile"] = dict(TRIED)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    """Add the numbers of another process."""
    TRIED.update(getattr(node, "workeroutput", {}).get("hostile", {}))


def pytest_terminal_summary(terminalreporter):
    """The closing line."""
    if TRIED:
        terminalreporter.write_line(
            f"hostile inputs tried: {TRIED.total()} ({TRIED['accepted']} accepted and right, "
            f"{TRIED['refused']} refused in one line)"
        )
