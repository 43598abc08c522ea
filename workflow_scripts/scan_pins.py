"""Look the pinned packages up in a database of known vulnerabilities."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from mmer.acquire.advisories import (
    DATABASE,
    DatabaseUnreachable,
    known_vulnerabilities,
    read_pins,
)
from mmer.entry import run
from mmer.errors import UserError

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--locks", type=Path, nargs="+", required=True)
parser.add_argument("--database", default=DATABASE, help="address of OSV's batch query")
parser.add_argument("--strict", action="store_true", help="fail where a pin is vulnerable")


def main(arguments: argparse.Namespace) -> None:
    """Tell what is known.

    Only ``--strict`` fails: advisories appear from one day to the next, and often before there is
    a version without the fault, so they must not turn the tests of an old checkout red.
    """
    pins = sorted({pin for lock in arguments.locks for pin in read_pins(lock)}, key=str)
    try:
        found = known_vulnerabilities(pins, arguments.database)
    except DatabaseUnreachable as error:
        logging.warning(
            "%d pins were NOT scanned for known vulnerabilities: no answer from %s",
            len(pins),
            error,
        )
        return
    for pin, numbers in found.items():
        logging.warning("%s %s: %s", pin.name, pin.version, ", ".join(map(ascii, numbers)))
    logging.info("%d of %d pins have known vulnerabilities", len(found), len(pins))
    if found and arguments.strict:
        raise UserError(f"{len(found)} pins have known vulnerabilities: raise them and make lock")


if __name__ == "__main__":
    run(parser, main)
