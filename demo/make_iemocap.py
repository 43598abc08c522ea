"""Make a synthetic folder in the layout of IEMOCAP's release for the demo."""

from __future__ import annotations

import argparse
from pathlib import Path

from pydantic import ValidationError

from demo.command import run
from demo.iemocap import SyntheticIemocapSettings, write_iemocap
from mmer.runtime.errors import UserError


def command_line() -> argparse.ArgumentParser:
    """The options of this step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    for name in ("sessions", "takes", "telling_percent", "seed"):
        field = SyntheticIemocapSettings.model_fields[name]
        parser.add_argument(f"--{name}", type=int, default=field.default, help=field.description)
    return parser


def main(arguments: argparse.Namespace) -> None:
    """Write the folder that the arguments describe."""
    told = {name: value for name, value in vars(arguments).items() if name != "out"}
    try:
        settings = SyntheticIemocapSettings(**told)
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(
            f"no synthetic IEMOCAP can be made with --{first['loc'][0]}: {first['msg']}; change "
            "that option"
        ) from error
    write_iemocap(arguments.out, settings)


if __name__ == "__main__":
    run(command_line(), main)
