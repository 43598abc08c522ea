"""What every step that makes saliency maps shares: its options, and the configured method."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmer.errors import UserError
from mmer.prepare.saliency import SaliencyMethod, saliency_method
from mmer.prepare.settings import SaliencySettings


def add_saliency_options(parser: argparse.ArgumentParser) -> None:
    """Options for the method, its weights and where it computes."""
    parser.add_argument("--saliency-settings", required=True, help="SaliencySettings as JSON")
    parser.add_argument("--weights", type=Path, help="converted weights, for the method msi_net")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=1)


def method_of(arguments: argparse.Namespace) -> SaliencyMethod:
    """The configured method on its device.

    Raises
    ------
    UserError
        If the method needs weights and none are given.
    """
    settings = SaliencySettings.model_validate_json(arguments.saliency_settings)
    if settings.method == "spectral_residual":
        return saliency_method(settings)
    if arguments.weights is None:
        raise UserError(
            "the saliency method msi_net needs weights: give --weights, or set saliency.method to "
            "spectral_residual"
        )
    # Importing torch costs seconds that the method without a network need not spend.
    from mmer.training.checkpoint import read_model
    from mmer.training.device import choose_device, make_deterministic

    device = choose_device(arguments.device)
    make_deterministic(0, arguments.threads)
    return saliency_method(settings, read_model(arguments.weights, device), device)
