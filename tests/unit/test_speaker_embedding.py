"""Embeddings of the speaker network: by hand, as its package gives them, and on real voices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import expit
from tests.conftest import REPOSITORY
from tests.spoken_pitches import audio_of, told, voice
from torchaudio.functional import melscale_fbanks

from mmer.corpora.ravdess_voices import RavdessVoices, RavdessVoicesSettings
from mmer.embeddings import Embeddings, read_embeddings
from mmer.media.checksums import verify
from mmer.media.decoding import decode_voice
from mmer.media.settings import PreparationSettings
from mmer.media.weights_registry import read_registered
from mmer.models.networks.speaker_encoder import (
    SpeakerEncoder,
    embeddings_of,
    load_resemblyzer,
    mels_of,
    parts_of,
    raised,
)
from mmer.models.networks.support_vector import classify_split
from mmer.models.speaker_embedding import SpeakerEmbedding
from mmer.models.speaker_settings import SpeakerEmbeddingSettings
from mmer.models.support_vector import SupportVectorSettings
from mmer.predictions import tested as of_tested

RATE = 16_000
QUIET = -30.0
"""The shipped level, in decibels of full scale."""
OF_THE_PACKAGE = {122: 0.1966589, 149: 0.1738229, 197: 0.1705298, 11: 0.1658615, 7: 0.1646388}
SUM_OF_THE_PACKAGE = 10.286767
"""Of a voice of 220 Hz, as Resemblyzer 0.1.4 itself computes them."""


@pytest.fixture(scope="module")
def published() -> SpeakerEncoder:
    """The network with its real weights; the test is skipped where they are absent."""
    entry = read_registered(REPOSITORY / "resources" / "weights.yaml")["resemblyzer"]
    path = REPOSITORY / "results" / "demo" / "mirror" / entry.place
    if not path.is_file():
        pytest.skip("the weights of the speaker network are not here; make test brings them")
    verify(path, f"sha256:{entry.sha256}", entry.size)
    network = SpeakerEncoder().eval()
    load_resemblyzer(network, path, entry.sha256)
    return network


def of_voice(hertz: float, seconds: float, loudness: float) -> np.ndarray:
    """A voice as int16."""
    return (32768 * voice(hertz, seconds, loudness)).astype(np.int16)


def by_hand(network: SpeakerEncoder, samples: np.ndarray) -> np.ndarray:
    """The embedding of two parts' sound in [-1, 1], by the papers' formulas alone."""
    weight = {name: tensor.double().numpy() for name, tensor in network.state_dict().items()}
    padded = np.pad(samples, (200, 200 + (77 + 160) * 160 - len(samples)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, 400)[::160]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    power = np.abs(np.fft.rfft(frames * window)) ** 2
    filters = melscale_fbanks(201, 0, 8000, 40, RATE, norm="slaney", mel_scale="slaney")
    mels = power @ filters.double().numpy()
    parts = []
    for part in (mels[:160], mels[77:237]):
        for layer in range(3):
            into, back, before, after = (
                weight[f"lstm.{kind}_l{layer}"]
                for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            )
            hidden, cell, said = np.zeros(256), np.zeros(256), []
            for frame in part:
                enters, forgets, new, leaves = np.split(
                    into @ frame + back @ hidden + before + after, 4
                )
                cell = expit(forgets) * cell + expit(enters) * np.tanh(new)
                hidden = expit(leaves) * np.tanh(cell)
                said.append(hidden)
            part = np.stack(said)
        projected = np.maximum(weight["linear.weight"] @ hidden + weight["linear.bias"], 0)
        parts.append(projected / np.linalg.norm(projected))
    middle = np.mean(parts, axis=0)
    return middle / np.linalg.norm(middle)


def test_an_embedding_is_what_the_formulas_give():
    torch.manual_seed(5)
    network = SpeakerEncoder().eval()
    samples = of_voice(180, 2.1, 0.1)
    (found,) = embeddings_of(network, [samples], None)
    assert found.dtype == np.float32 and found.shape == (256,)
    np.testing.assert_allclose(found, by_hand(network, samples / 32768), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("samples", "parts"),
    [(100, 1), (25_600, 1), (31_519, 1), (31_520, 2), (43_839, 2), (43_840, 3)],
    ids=["short", "one", "hardly two", "two", "hardly three", "three"],
)
def test_a_last_part_needs_three_quarters_of_sound(samples, parts):
    """Parts begin every 77 frames of 160 samples: the second needs 12,320 + 19,200 samples."""
    mels = parts_of(torch.from_numpy(mels_of(np.ones(samples, np.float32)))[None])[0]
    assert mels.shape == (parts, 160, 40)
    # A frame sees 200 samples to both sides of its middle, where sound has ended by then nothing.
    silent_from = (samples + 199) // 160 + 1 - 77 * (parts - 1)
    assert (mels[-1, max(silent_from, 0) :] == 0).all()


def test_quiet_items_are_raised_and_others_stay():
    tone = np.sin(2 * np.pi * np.arange(1600) / 16)  # 3.01 dB below full scale
    np.testing.assert_allclose(raised(0.001 * tone, QUIET), tone * 10 ** (-26.9897 / 20), rtol=1e-5)
    for stays, level in ((0.5 * tone, QUIET), (0.001 * tone, None), (0 * tone, QUIET)):
        np.testing.assert_array_equal(raised(stays, level), stays)


def test_silence_has_an_embedding_of_finite_values(published):
    assert np.isfinite(embeddings_of(published, [np.zeros(5000, np.int16)], QUIET)).all()


@pytest.mark.parametrize(("variant", "kept"), [("full", slice(None)), ("vad", slice(800, 6400))])
def test_every_item_is_embedded_as_its_variant_asks(tmp_path, variant, kept):
    settings = SpeakerEmbeddingSettings(weights="random", loudness_dbfs=-3)
    outputs = {"embeddings": "embeddings.npz"}
    family = SpeakerEmbedding()
    family.run(told(tmp_path, family.name, "embed", settings, outputs, variant=variant))
    found, audio = read_embeddings(tmp_path / "embeddings.npz"), audio_of(("a", "c"))
    assert found.items == tuple(sorted(audio.items)) and found.values.shape == (16, 256)
    torch.manual_seed(1)  # the job's
    network = SpeakerEncoder().eval()
    samples = audio.of(audio.items.index("c3"))[kept]
    (expected,) = embeddings_of(network, [samples], -3.0)
    values = found.values[found.items.index("c3")]
    np.testing.assert_allclose(values, expected, atol=1e-6, rtol=0)


def test_the_real_network_gives_what_its_package_gives(published):
    """Its five largest values and the sum of all."""
    (found,) = embeddings_of(published, [of_voice(220, 2.0, 0.005)], QUIET)
    largest = np.argsort(-found)[: len(OF_THE_PACKAGE)]
    assert dict(zip(largest.tolist(), found[largest], strict=True)) == pytest.approx(
        OF_THE_PACKAGE, abs=1e-5
    )
    assert found.sum() == pytest.approx(SUM_OF_THE_PACKAGE, abs=1e-4)


@pytest.mark.long
def test_on_real_voices_it_tells_more_than_functionals_do(published, real_voices: Path):
    """An outsider's script got 53.32 % with it and 48.18 % with eGeMAPS, by the same classifier."""
    corpus = RavdessVoices(RavdessVoicesSettings(), real_voices, 0)
    found = {speaker: [*map(Path, corpus.files(speaker))] for speaker in corpus.speakers}
    files = {path.stem: path for paths in found.values() for path in paths}
    values = [
        embeddings_of(published, [decode_voice(files[name], PreparationSettings())], QUIET)
        for name in sorted(files)
    ]
    embeddings, items = (
        Embeddings(tuple(sorted(files)), np.concatenate(values)),
        corpus.items(found),
    )
    settings = SupportVectorSettings(C=10.0, scaling="standard")
    accuracies = []
    for split in corpus.splits("emotion", None).values():
        told_of = classify_split(embeddings, items, split, corpus.tasks["emotion"], settings)
        held_out = of_tested(told_of)
        accuracies.append(100 * (held_out.predicted == held_out.labels).mean())
    assert np.mean(accuracies) == pytest.approx(53.32, abs=1.0)
