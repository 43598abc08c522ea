"""The provenance of a run as a page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd

from mmer.report.html_page import page
from mmer.report.html_table import table_element
from mmer.report.table import NOTHING, Column, Table


def provenance_page(described: dict[str, Any]) -> str:
    """A self-contained page from what :func:`mmer.report.provenance.describe` gathered."""
    label = described["corpus"]["label"]
    weights = pd.DataFrame(
        described["weights"], columns=["name", "source", "checked", "licence"], dtype=object
    )
    sections = [
        ("Run", _pairs(label, "run", _run_rows(described))),
        (
            "Weights",
            _element(
                label,
                "weights",
                [
                    Column("Network", "name"),
                    Column("Starts from", "source"),
                    Column("SHA-256", "checked"),
                    Column("Licence", "licence"),
                ],
                weights.where(weights.notna(), None),
            ),
        ),
        ("Libraries", _pairs(label, "libraries", described["libraries"])),
    ]
    body = "\n".join(f"<h2>{escape(heading)}</h2>\n{element}" for heading, element in sections)
    whole = escape(json.dumps(described["configuration"], indent=2, ensure_ascii=False))
    body += (
        "\n<h2>Configuration</h2>\n<details><summary>Every key, defaults filled in</summary>"
        f"<pre>{whole}</pre></details>"
    )
    return page("Where the numbers come from", label, body)


def _run_rows(described: dict[str, Any]) -> dict[str, Any]:
    workflow = described["workflow"]
    commit = workflow["commit"] or "not a git checkout"
    if workflow["changed_files"]:
        commit += f", with {workflow['changed_files']} changed files"
    corpus, protocol = described["corpus"], described["protocol"]
    return {
        "run": described["run"],
        "corpus": corpus["label"],
        "actors": _listed(corpus.get("actors")),
        "clips per actor": corpus.get("clips_per_actor"),
        "held out together": _listed(protocol.get("folds")),
        "seed": described["seed"],
        "device": described["compute"].get("device"),
        "threads": described["compute"].get("threads"),
        "workflow commit": commit,
        "Python": described["platform"]["python"],
        "platform": described["platform"]["system"],
    }


def _listed(value: Any) -> str | None:
    """Numbers by commas; groups of numbers by semicolons."""
    if value is None:
        return None
    groups = [", ".join(map(str, v)) if isinstance(v, Sequence) else str(v) for v in value]
    nested = any(isinstance(v, Sequence) for v in value)
    return ("; " if nested else ", ").join(groups)


def _pairs(label: str, identifier: str, pairs: Mapping[str, Any]) -> str:
    shown = [(key, NOTHING if value is None else str(value)) for key, value in pairs.items()]
    rows = pd.DataFrame(shown, columns=["key", "value"])
    return _element(label, identifier, [Column("What", "key"), Column("Value", "value")], rows)


def _element(label: str, identifier: str, columns: Sequence[Column], rows: pd.DataFrame) -> str:
    return table_element(Table("", label, tuple(columns), rows), identifier)
