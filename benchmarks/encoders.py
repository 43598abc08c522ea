"""Lines of encoders of speech: our pass over recordings against the library's own, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import torch
from transformers import Wav2Vec2FeatureExtractor

from benchmarks.measure import Contest, Line
from mmer.media.log_mel import FULL_SCALE, SAMPLE_RATE
from mmer.models.networks.encoded_layers import layers_of
from mmer.models.networks.encoder_weights import random_configuration
from mmer.models.networks.speech_encoder import KINDS, SpeechEncoder
from mmer.models.speech_encoder import SpeechEncoderSettings

ITEMS = 2
SECONDS = 3.7
"""Of a recording of RAVDESS on average."""


def lines() -> Iterator[Line]:
    """Every line of this part, in the order of the table."""
    for kind in ("wav2vec2", "wavlm"):
        for precision in ("float32", "bfloat16"):
            yield Line(
                f"every layer of {ITEMS} recordings of {SECONDS:g} s by a base {kind}, products in "
                f"{precision}, means of steps kept",
                "the library called recording by recording in float32, every frame kept",
                "CPU",
                None,
                3,
                partial(_contest, kind, precision),
            )


def _contest(kind: str, precision: str) -> Contest:
    settings = SpeechEncoderSettings(weights="random", random={"kind": kind}, precision=precision)
    configuration = random_configuration(settings.random)
    network = KINDS[kind][1](configuration).eval()
    encoder = SpeechEncoder(configuration, precision == "bfloat16").eval()
    theirs = network.state_dict()
    encoder.convolutions.load_state_dict(network.feature_extractor.state_dict())
    encoder.transformer.load_state_dict(
        {name: theirs[name] for name in encoder.transformer.state_dict()}
    )
    random = np.random.default_rng(0)
    shape = (ITEMS, round(SECONDS * SAMPLE_RATE))
    waveforms = random.normal(0, 1000, shape).astype(np.int16)
    prepare = Wav2Vec2FeatureExtractor(sampling_rate=SAMPLE_RATE)

    def ours() -> list[np.ndarray]:
        return [layers_of(encoder, waveform, settings) for waveform in waveforms]

    @torch.inference_mode()
    def by_library() -> list[np.ndarray]:
        found = []
        for waveform in waveforms:
            sound = prepare(
                waveform / FULL_SCALE, sampling_rate=SAMPLE_RATE, return_tensors="pt"
            ).input_values
            said = network(sound.float(), output_hidden_states=True)
            layers = [*said.hidden_states[:-1], said.last_hidden_state]
            found.append(torch.cat(layers).transpose(0, 1).numpy())
        return found

    with torch.inference_mode():
        mine = encoder.layers(encoder.heard(waveforms[0], normalise=True)).numpy()
    apart = np.abs(mine - by_library()[0])
    agreement = f"values of a deviation of 1 differ by {apart.max():.0e} at most"
    return Contest(ours, by_library, agreement)
