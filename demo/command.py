"""How every command of this package starts."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable

from mmer.runtime.errors import UserError


def run(parser: argparse.ArgumentParser, main: Callable[[argparse.Namespace], None]) -> None:
    """Parse the command line, log to standard error, do it; a mistake ends with its sentence."""
    arguments = parser.parse_args()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr
    )
    try:
        main(arguments)
    except UserError as error:
        logging.error("%s", error)
        sys.exit(1)
