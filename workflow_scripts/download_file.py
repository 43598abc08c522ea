"""Download one registered file and verify it."""

import argparse
from pathlib import Path

from mmer.acquire.download import download
from mmer.entry import run

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--address", required=True)
parser.add_argument("--sha256", help="without it the file's own is logged")
parser.add_argument("--size", type=int, help="bytes")
parser.add_argument("--mirror", help="folder or address prefix; empty means the internet")
parser.add_argument("--out", type=Path, required=True)


def main(arguments: argparse.Namespace) -> None:
    """Bring the file, or one sentence why not."""
    checksum = f"sha256:{arguments.sha256}" if arguments.sha256 else None
    download(
        arguments.address,
        arguments.out,
        checksum,
        size=arguments.size,
        mirror=arguments.mirror or None,
    )


if __name__ == "__main__":
    run(parser, main)
