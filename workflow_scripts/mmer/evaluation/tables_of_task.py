"""Which tables the evaluation of a task writes; planning asks it, so it imports nothing heavy."""

from __future__ import annotations

from mmer.tasks import Classes, Traces

_TABLES = {
    "classes": (
        *("accuracies", "summary", "confusion", "significance", "groups", "calibration"),
        "predictions",
    ),
    "traces": ("scores", "summary", "items", "differences", "significance", "predictions"),
}


def tables_of(task: Classes | Traces) -> tuple[str, ...]:
    """Names of the tables."""
    return _TABLES[task.kind]
