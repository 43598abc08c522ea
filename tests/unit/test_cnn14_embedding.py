"""CNN-14's embedding of clips at their own lengths."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pydantic
import pytest
import torch

from mmer.errors import UserError
from mmer.prepare.speech_spans import SpeechSpan
from mmer.speech.cnn14 import Cnn14
from mmer.speech.cnn14_embedding import embed_clips, embedding_network
from mmer.speech.cnn14_settings import Cnn14EmbeddingSettings
from mmer.speech.embeddings import read_embeddings
from mmer.speech.log_mel import LogMel
from mmer.store import Ragged, write_ragged

ENTRY = Path(__file__).parents[2] / "workflow_scripts" / "extract_cnn14_embeddings.py"
RATE = 16_000
SMALL = Cnn14EmbeddingSettings(weights="random", width=0.02)
NAMES = [f"01-01-{emotion:02d}-01-01-01-01" for emotion in (5, 3, 8, 2)]
SECONDS = (0.7, 0.5, 0.7, 0.41)


def _noise(seconds: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 3000, int(seconds * RATE)).astype(np.int16)


@pytest.fixture
def audio() -> Ragged:
    return Ragged.join(NAMES, [_noise(s, seed) for seed, s in enumerate(SECONDS)], RATE)


@pytest.fixture
def network() -> Cnn14:
    torch.manual_seed(3)
    return embedding_network(SMALL, None, None)


def _alone(network: Cnn14, samples: np.ndarray) -> np.ndarray:
    """The embedding of one clip by itself."""
    log_mel = LogMel()(torch.from_numpy(samples)[None].float() / 32768)
    with torch.inference_mode():
        return network(log_mel).embedding[0].numpy()


def test_each_clip_is_embedded_at_its_own_length(network, audio):
    embeddings = embed_clips(network, audio, None)
    assert list(embeddings.clips) == sorted(NAMES)
    for name, values in zip(embeddings.clips, embeddings.values, strict=True):
        alone = _alone(network, audio.of(NAMES.index(name)))
        np.testing.assert_allclose(values, alone, rtol=1e-5, atol=1e-6)
    assert embeddings.values.dtype == np.float32 and (embeddings.values >= 0).all()


def test_padding_would_change_an_embedding(network, audio):
    samples = audio.of(3)
    padded = _alone(network, np.pad(samples, (0, RATE)))
    assert np.abs(padded - _alone(network, samples)).max() > 1e-3


def test_embeddings_do_not_depend_on_chance(network, audio):
    torch.manual_seed(1)
    first = embed_clips(network, audio, None).values
    torch.manual_seed(2)
    np.testing.assert_array_equal(first, embed_clips(network, audio, None).values)


def test_what_lies_outside_the_span_does_not_matter(network, audio):
    spans = {name: SpeechSpan(0.05, 0.4, found=True) for name in NAMES}
    embeddings = embed_clips(network, audio, spans)
    row = embeddings.clips.index(NAMES[0])
    alone = _alone(network, audio.of(0)[800:6400])
    np.testing.assert_allclose(embeddings.values[row], alone, rtol=1e-5, atol=1e-6)


def test_a_span_below_the_shortest_input_is_padded_to_it(network, audio):
    spans = {name: SpeechSpan(0.1, 0.2, found=True) for name in NAMES}
    embeddings = embed_clips(network, audio, spans)
    row = embeddings.clips.index(NAMES[0])
    alone = _alone(network, np.pad(audio.of(0)[1600:3200], (0, 4960 - 1600)))
    np.testing.assert_allclose(embeddings.values[row], alone, rtol=1e-5, atol=1e-6)


def test_short_recordings_missing_spans_and_doubled_clips_are_told(network, audio):
    short = Ragged.join(NAMES[:1], [_noise(0.2, 0)], RATE)
    with pytest.raises(UserError, match=r"has 0\.200 s of audio"):
        embed_clips(network, short, None)
    with pytest.raises(UserError, match="has no speech span"):
        embed_clips(network, audio, {})
    doubled = Ragged.join(NAMES[:1] * 2, [_noise(0.5, 0)] * 2, RATE)
    with pytest.raises(UserError, match="given twice"):
        embed_clips(network, doubled, None)


def test_published_weights_are_asked_for_by_default():
    with pytest.raises(UserError, match="panns_cnn14_16k: give --weights"):
        embedding_network(Cnn14EmbeddingSettings(), None, None)
    with pytest.raises(pydantic.ValidationError, match="no published weights"):
        Cnn14EmbeddingSettings(width=0.5)


def test_published_weights_are_loaded_through_the_verified_path(tmp_path, monkeypatch):
    path = tmp_path / "cnn14.pth"
    path.write_bytes(b"weights")
    sha256 = hashlib.sha256(b"weights").hexdigest()
    handed = []
    # Loading itself, at full width once, is tested with the checkpoint.
    monkeypatch.setattr(
        "mmer.speech.cnn14_embedding.Cnn14", lambda classes, width, spec_augment: _tiny(width)
    )
    monkeypatch.setattr(
        "mmer.speech.panns_checkpoint.load_panns", lambda *given: handed.append(given)
    )
    network = embedding_network(Cnn14EmbeddingSettings(), path, sha256)
    assert handed == [(network, path, sha256)]


def _tiny(width: float) -> Cnn14:
    assert width == 1
    return Cnn14(classes=8, width=0.02)


def test_the_entry_writes_what_its_seed_and_spans_say(tmp_path, audio):
    write_ragged(tmp_path / "audio.npz", audio)
    table = tmp_path / "spans.csv"
    rows = [f"{name},0.05,0.4,True" for name in NAMES]
    table.write_text("\n".join(["clip,start_s,stop_s,speech_found", *rows]) + "\n")
    out = tmp_path / "out" / "embeddings.npz"
    command = [sys.executable, str(ENTRY), "--audio", str(tmp_path / "audio.npz")]
    command += ["--variant", "vad", "--spans", str(table), "--seed", "3", "--device", "cpu"]
    command += ["--settings", SMALL.model_dump_json(), "--embeddings", str(out)]
    subprocess.run(command, check=True, capture_output=True)
    torch.manual_seed(3)
    spans = {name: SpeechSpan(0.05, 0.4, found=True) for name in NAMES}
    expected = embed_clips(embedding_network(SMALL, None, None), audio, spans)
    written = read_embeddings(out)
    assert written.clips == expected.clips
    np.testing.assert_allclose(written.values, expected.values, rtol=1e-5, atol=1e-6)
    assert written.values.shape == (4, 41)
