"""How every entry starts: one log, and a plain sentence where the user can mend something."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable

from mmer.runtime.errors import UserError


def run(parser: argparse.ArgumentParser, main: Callable[[argparse.Namespace], None]) -> None:
    """Parse the command line, set up logging on standard error, run, and end the process.

    A :class:`~mmer.runtime.errors.UserError` ends with its sentence and status 1; anything else is
    a bug and keeps its traceback.
    """
    arguments = parser.parse_args()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr
    )
    try:
        main(arguments)
    except UserError as error:
        logging.error("%s", error)
        sys.exit(1)
