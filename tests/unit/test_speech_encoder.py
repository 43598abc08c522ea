"""Self-supervised encoders: what they say is what the library's own forward pass says."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tests.tiny_encoders import LENGTHS, TINY, library_network, of_library, sizes, waveforms
from torch.nn.functional import layer_norm
from transformers import Wav2Vec2FeatureExtractor

from mmer.models.job import ModelJob
from mmer.models.networks.encoder_weights import (
    PUBLISHED,
    give_weights,
    load_encoder,
    random_configuration,
)
from mmer.models.networks.speech_encoder import KINDS, SpeechEncoder, means_of_steps
from mmer.models.speech_encoder import SpeechEncoder as Family
from mmer.models.speech_encoder import SpeechEncoderEntry, SpeechEncoderSettings
from mmer.models.speech_encoder_settings import CONFIGURATION, WEIGHTS
from mmer.runtime.errors import UserError
from mmer.training.job import file_sha256

EVERY = [(kind, norm) for kind in KINDS for norm in ("group", "layer")]
CLOSE = {"atol": 2e-5, "rtol": 0}


def by_library(network, samples, normalise=True):
    """Every layer of an item that the library is given alone, by its own preprocessing.

    Of an encoder that normalises at its end its last layer is what it gives out.
    """
    prepare = Wav2Vec2FeatureExtractor(do_normalize=normalise)
    sound = prepare(samples / 32768, sampling_rate=16_000, return_tensors="pt").input_values
    with torch.inference_mode():
        said = network(sound.float(), output_hidden_states=True)
    return torch.cat([*said.hidden_states[:-1], said.last_hidden_state])


@pytest.mark.parametrize(("kind", "norm"), EVERY)
@pytest.mark.parametrize("normalise", [True, False], ids=["normalised", "as it is"])
def test_every_layer_is_the_librarys(kind, norm, normalise):
    network = library_network(kind, norm)
    encoder = of_library(network)
    for samples in waveforms():
        expected = by_library(network, samples, normalise)  # (layers, frames, width)
        with torch.inference_mode():
            found = encoder.layers(encoder.heard(samples, normalise))
        assert found.shape == (encoder.frames_of(len(samples)), 3, 16)
        torch.testing.assert_close(found, expected.transpose(0, 1), **CLOSE)


@pytest.mark.parametrize(("kind", "norm"), EVERY)
def test_an_item_gets_in_a_batch_what_it_gets_alone(kind, norm):
    network = library_network(kind, norm)
    encoder = of_library(network)
    heard = [encoder.heard(samples, True) for samples in waveforms()]
    with torch.inference_mode():
        said, inside = encoder(heard)
    assert inside.sum(dim=1).tolist() == [encoder.frames_of(length) for length in LENGTHS]
    for item, samples in enumerate(waveforms()):
        alone = by_library(network, samples)[-1]
        torch.testing.assert_close(said[item, : len(alone)], alone, **CLOSE)


@pytest.mark.parametrize("kind", KINDS)
def test_with_a_mask_the_library_agrees_where_frames_are_normalised_one_by_one(kind):
    network = library_network(kind, "layer")
    encoder = of_library(network)
    prepare = Wav2Vec2FeatureExtractor(return_attention_mask=True)
    raw = [samples / 32768 for samples in waveforms()]
    batch = prepare(raw, sampling_rate=16_000, padding=True, return_tensors="pt")
    with torch.inference_mode():
        expected = network(batch.input_values.float(), batch.attention_mask).last_hidden_state
        said, inside = encoder([encoder.heard(samples, True) for samples in waveforms()])
    torch.testing.assert_close(said[inside], expected[inside], **CLOSE)


@pytest.mark.parametrize("kind", KINDS)
def test_without_that_silence_after_an_item_would_change_what_base_encoders_say(kind):
    """Group normalisation looks at all of the time that it is given: why items are heard alone."""
    network = library_network(kind, "group")
    short, long = waveforms()[0], waveforms()[1]
    padded = np.pad(short, (0, len(long) - len(short)))
    frames = of_library(network).frames_of(len(short))
    with torch.inference_mode():
        alone, beside = (
            network.feature_extractor(torch.from_numpy(each).float()[None] / 32768)[0, :, :frames]
            for each in (short, padded)
        )
    assert (alone - beside).abs().max() > 0.05 * alone.abs().max()


def test_frames_and_samples_count_as_the_librarys_convolutions_do():
    encoder = SpeechEncoder(random_configuration(sizes("wav2vec2")))
    assert [encoder.frames_of(samples) for samples in (400, 719, 720, 16_000)] == [1, 1, 2, 49]
    assert [encoder.samples_of(frames) for frames in (1, 2, 49)] == [400, 720, 15_760]


def test_steps_are_means_of_normalised_frames():
    layers = torch.arange(5 * 2 * 3, dtype=torch.float32).reshape(5, 2, 3) ** 2
    raw = means_of_steps(layers, 2, normalise=False)
    torch.testing.assert_close(raw[0], (layers[0] + layers[1]) / 2)
    torch.testing.assert_close(raw[2], layers[4])  # the last one of a single frame
    frame = layers[4, 1]
    expected = (frame - frame.mean()) / (frame.var(correction=0) + 1e-5).sqrt()
    torch.testing.assert_close(means_of_steps(layers, 2, normalise=True)[2, 1], expected)
    torch.testing.assert_close(layer_norm(frame, (3,)), expected)


@pytest.mark.parametrize(
    ("name", "millions"),
    [
        ("wav2vec2_base", 94.37),
        ("wav2vec2_large_english", 315.44),
        ("hubert_base", 94.37),
        ("hubert_large", 315.44),
        ("wavlm_base_plus", 94.38),
        ("wavlm_large", 315.45),
    ],
)
def test_published_encoders_have_their_papers_size(name, millions):
    kind, differences = PUBLISHED[name]
    with torch.device("meta"):
        encoder = SpeechEncoder(KINDS[kind][0](**differences))
    assert sum(each.numel() for each in encoder.parameters()) / 1e6 == pytest.approx(
        millions, abs=0.01
    )


def job_with(folder, settings, **more):
    """A job of no step."""
    return ModelJob(
        family="speech_encoder",
        step="encode",
        model="mine",
        options={"settings": settings.model_dump(mode="json")},
        task={"kind": "classes", "names": ("one", "two"), "column": "which"},
        outputs={},
        **more,
    )


def local_job(folder):
    settings = SpeechEncoderSettings(weights="folder", folder=str(folder))
    entry = SpeechEncoderEntry(family="speech_encoder", title="mine", settings=settings)
    files = Family().files(entry, None)
    assert set(files) == {CONFIGURATION, WEIGHTS}
    inputs = {kind: (path,) for kind, path in files.items()}
    return settings, job_with(folder, settings, inputs=inputs)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "how", ["safetensors", "with a head", "with more", "of torch", "of an older torch"]
)
def test_a_local_folder_of_the_library_is_read(tmp_path, kind, how):
    network = library_network(kind, "group")
    network.save_pretrained(tmp_path)
    state = network.state_dict()
    if how != "safetensors":
        (tmp_path / "model.safetensors").unlink()
    if how == "with a head":
        state = {f"{kind}.{name}": tensor.clone() for name, tensor in state.items()}
        save_file({**state, "lm_head.weight": torch.ones(2)}, tmp_path / "model.safetensors")
    elif how == "with more":
        save_file({**state, "quantizer.weight": torch.ones(2)}, tmp_path / "model.safetensors")
    elif how == "of an older torch":
        for old, new in (("weight_g", "original0"), ("weight_v", "original1")):
            stem = "encoder.pos_conv_embed.conv"
            state[f"{stem}.{old}"] = state.pop(f"{stem}.parametrizations.weight.{new}")
        del state["masked_spec_embed"]
    if how.startswith("of"):
        torch.save(state, tmp_path / "pytorch_model.bin")
    encoder = load_encoder(*local_job(tmp_path)).eval()
    samples = waveforms()[0]
    with torch.inference_mode():
        found = encoder.layers(encoder.heard(samples, True))
    torch.testing.assert_close(found, by_library(network, samples).transpose(0, 1), **CLOSE)


def test_a_file_that_is_not_the_encoder_is_refused(tmp_path):
    network = library_network("hubert", "group")
    encoder = of_library(network)
    path = tmp_path / "model.safetensors"
    state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    save_file(state, path)
    give_weights(encoder, path, file_sha256(path))
    with pytest.raises(UserError, match=r"has the sha256 .* instead of 0000"):
        give_weights(encoder, path, "0" * 64)
    state["encoder.layer_norm.weight"][0] = torch.nan
    save_file(state, path)
    with pytest.raises(UserError, match=r"encoder\.layer_norm\.weight holds a value that is not"):
        give_weights(encoder, path, None)
    del state["encoder.layer_norm.weight"]
    save_file(state, path)
    with pytest.raises(UserError, match=r"lacks encoder\.layer_norm\.weight"):
        give_weights(encoder, path, None)
    path.write_bytes(b"nothing")
    with pytest.raises(UserError, match="no file of safetensors"):
        give_weights(encoder, path, None)


@pytest.mark.parametrize(
    "told", [{"model_type": "bert"}, {"model_type": "wav2vec2", "add_adapter": True}, {}, []]
)
def test_a_folder_of_another_network_is_refused(tmp_path, told):
    (tmp_path / "config.json").write_text(json.dumps(told))
    with pytest.raises(UserError, match=r"config\.json configures no encoder of speech"):
        load_encoder(*local_job(tmp_path))


def test_settings_that_contradict_each_other_are_refused():
    with pytest.raises(ValueError, match="give folder with weights: folder"):
        SpeechEncoderSettings(weights="folder")
    with pytest.raises(ValueError, match="give folder with weights: folder"):
        SpeechEncoderSettings(weights="random", folder="here")
    with pytest.raises(ValueError, match="no multiple of 3 heads"):
        SpeechEncoderSettings(weights="random", random={**TINY, "heads": 3})


def test_reduced_products_stay_close(tmp_path):
    settings = SpeechEncoderSettings(weights="random", random=TINY, precision="bfloat16")
    torch.manual_seed(0)
    reduced = load_encoder(settings, job_with(tmp_path, settings)).eval()
    whole = SpeechEncoder(reduced.configuration).eval()
    whole.load_state_dict(reduced.state_dict())
    with torch.inference_mode():
        found, exact = (each.layers(each.heard(waveforms()[0], True)) for each in (reduced, whole))
    assert found.dtype == torch.float32
    assert 0 < (found - exact).abs().mean() < 0.03
