"""Download the archive of one actor, with size and MD5 from the record's own metadata."""

import argparse
from pathlib import Path

from mmer.acquire.download import download
from mmer.acquire.record import file_address, read_record
from mmer.entry import run

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--record", type=int, required=True, help="number of the Zenodo record")
parser.add_argument("--metadata", type=Path, required=True, help="the record's metadata as JSON")
parser.add_argument("--mirror", help="folder or address prefix; empty means the internet")
parser.add_argument("--out", type=Path, required=True)


def main(arguments: argparse.Namespace) -> None:
    """Bring the verified archive, or one sentence why not."""
    published = read_record(arguments.metadata).file(arguments.out.name)
    download(
        file_address(arguments.record, published.name),
        arguments.out,
        published.checksum,
        size=published.size,
        mirror=arguments.mirror or None,
    )


if __name__ == "__main__":
    run(parser, main)
