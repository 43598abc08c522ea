"""What the steps that extract embeddings share: their options."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmer.training.job import add_weights_options


def extraction_options(description: str) -> argparse.ArgumentParser:
    """A parser with the options of every step that extracts embeddings."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--audio", type=Path, nargs="+", required=True, help="NPZ per actor")
    parser.add_argument("--variant", choices=["full", "vad"], required=True)
    parser.add_argument("--spans", type=Path, nargs="+", help="speech spans per actor, for vad")
    parser.add_argument("--settings", required=True, help="the extractor's settings as JSON")
    add_weights_options(parser)
    parser.add_argument("--seed", type=int, required=True, help="of random weights")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--embeddings", type=Path, required=True, help="NPZ to write")
    return parser
