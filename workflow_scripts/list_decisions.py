"""Write the page that lists every setting, where its default comes from and, if decided, why."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmer.entry import run
from mmer.report.decisions import decisions_page
from mmer.store import writing


def main(arguments: argparse.Namespace) -> None:
    """Write the page."""
    with writing(arguments.out) as unfinished:
        unfinished.write_text(decisions_page(), "utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    run(parser, main)
