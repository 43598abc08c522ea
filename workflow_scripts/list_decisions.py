"""Write the page that lists every setting with its reason, and the configuration's JSON schema."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmer.entry import run
from mmer.report.decisions import configuration_schema, decisions_page
from mmer.store import write_json, writing


def main(arguments: argparse.Namespace) -> None:
    """Write the page and the schema."""
    with writing(arguments.out) as unfinished:
        unfinished.write_text(decisions_page(), "utf-8")
    write_json(arguments.schema, configuration_schema())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="Markdown page to write")
    parser.add_argument("--schema", type=Path, required=True, help="JSON schema to write")
    run(parser, main)
