"""Download the metadata of a Zenodo record and look whether the corpus is labelled rightly."""

import argparse
import logging
from pathlib import Path

from mmer.acquire.download import download
from mmer.acquire.record import read_record, record_address
from mmer.entry import run
from mmer.errors import UserError

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--record", type=int, required=True, help="number of the Zenodo record")
parser.add_argument("--corpus-label", required=True, help="corpus.label of the configuration")
parser.add_argument("--mirror", help="folder or address prefix; empty means the internet")
parser.add_argument("--out", type=Path, required=True)


def main(arguments: argparse.Namespace) -> None:
    """Bring the metadata; refuse to let a synthetic corpus pass as a real one."""
    download(record_address(arguments.record), arguments.out, None, mirror=arguments.mirror or None)
    title = read_record(arguments.out).title
    logging.info("record %d: %s", arguments.record, title)
    if "synthetic" in title.lower() and "synthetic" not in arguments.corpus_label.lower():
        arguments.out.unlink()
        raise UserError(
            f"the record is titled {title!r}, but corpus.label is {arguments.corpus_label!r}: "
            "results on synthetic data must carry that word, so put it into corpus.label"
        )


if __name__ == "__main__":
    run(parser, main)
