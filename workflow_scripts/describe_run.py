"""Describe a run: corpus, protocol, seed, weights and versions, as a page and as JSON."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mmer.entry import run
from mmer.errors import UserError
from mmer.report.provenance import Weights, describe
from mmer.report.provenance_page import provenance_page
from mmer.store import write_json, writing


def main(arguments: argparse.Namespace) -> None:
    """Gather the provenance and write it twice."""
    try:
        configuration = json.loads(arguments.config.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(
            f"{arguments.config} cannot be read as the resolved configuration ({error}): give the "
            "JSON file that lies beside the results"
        ) from error
    weights = [Weights(**entry) for entry in json.loads(arguments.weights)]
    described = describe(
        configuration, arguments.corpus_label, weights, Path(__file__).resolve().parents[1]
    )
    with writing(arguments.out) as unfinished:
        unfinished.write_text(provenance_page(described), "utf-8")
    write_json(arguments.out.with_suffix(".json"), described)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="resolved configuration, JSON")
    parser.add_argument("--corpus-label", required=True, help="what the numbers were measured on")
    parser.add_argument(
        "--weights",
        default="[]",
        help='JSON list of {name, source, sha256, licence}; source may be "random initialisation"',
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="provenance.html; the JSON goes beside it"
    )
    run(parser, main)
