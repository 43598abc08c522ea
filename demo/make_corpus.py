"""Make the synthetic demo corpus as a download mirror."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from pydantic import ValidationError

from demo.archive import write_corpus
from demo.command import run
from demo.settings import SyntheticCorpusSettings
from mmer.runtime.errors import UserError


def main(arguments: argparse.Namespace) -> None:
    """Write the corpus that the arguments describe."""
    write_corpus(arguments.mirror, _settings(arguments), arguments.jobs)


def _settings(arguments: argparse.Namespace) -> SyntheticCorpusSettings:
    given = {
        key: value
        for key in ("actors", "clips_per_actor", "seed")
        if (value := getattr(arguments, key)) is not None
    }
    try:
        return SyntheticCorpusSettings.model_validate({**json.loads(arguments.settings), **given})
    except (json.JSONDecodeError, TypeError) as error:
        raise UserError(f"--settings is not a JSON object: {error}; write {{}} for none") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "settings"
        raise UserError(
            f"the synthetic corpus cannot be made with {where}: {first['msg']}; change that setting"
        ) from error


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mirror", type=Path, required=True, help="folder to write to")
    parser.add_argument("--actors", type=int, nargs="+", help="actor numbers, 1 to 24")
    parser.add_argument("--clips-per-actor", type=int, help="1 to 60, each with a silent twin")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--jobs", type=_positive, default=1, help="actors filmed at a time")
    parser.add_argument(
        "--settings", default="{}", help="further settings as JSON (SyntheticCorpusSettings)"
    )
    return parser


if __name__ == "__main__":
    run(command_line(), main)
