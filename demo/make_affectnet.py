"""Make a synthetic folder in AffectNet's layout for the demo."""

from __future__ import annotations

import argparse
from pathlib import Path

from pydantic import ValidationError

from demo.affectnet import write_affectnet
from demo.command import run
from demo.settings import SyntheticAffectNetSettings
from mmer.runtime.errors import UserError


def command_line() -> argparse.ArgumentParser:
    """The options of this step."""
    defaults = SyntheticAffectNetSettings()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--pictures", type=int, default=defaults.pictures)
    parser.add_argument("--seed", type=int, default=defaults.seed)
    return parser


def main(arguments: argparse.Namespace) -> None:
    """Write the folder that the arguments describe."""
    try:
        settings = SyntheticAffectNetSettings(pictures=arguments.pictures, seed=arguments.seed)
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(
            f"no synthetic AffectNet can be made with --{first['loc'][0]}: {first['msg']}; change "
            "that option"
        ) from error
    write_affectnet(arguments.out, settings)


if __name__ == "__main__":
    run(command_line(), main)
