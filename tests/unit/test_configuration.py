"""The configuration: complete, typed, and every mistake told at once with its file and key."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from mmer.configuration_check import check_configuration
from mmer.errors import UserError

REPOSITORY = Path(__file__).parents[2]


def merged(*files: Path) -> dict:
    """Merge configuration files as the workflow engine does: mappings deeply, the rest replaced."""
    result: dict = {}
    for file in files:
        merge(result, yaml.safe_load(file.read_text()))
    return result


def merge(into: dict, values: dict) -> None:
    for key, value in values.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


@pytest.fixture
def broken(tmp_path):
    """A function that lays an overlay over the shipped file and gives the error's text."""

    def check(overlay: str) -> str:
        file = tmp_path / "mine.yaml"
        file.write_text(overlay)
        files = [REPOSITORY / "config.yaml", file]
        with pytest.raises(UserError) as error:
            check_configuration(merged(*files), files)
        return str(error.value)

    return check


@pytest.mark.parametrize("overlay", [None, "demo.yaml", "published.yaml"])
def test_every_shipped_configuration_is_valid(overlay):
    files = [REPOSITORY / "config.yaml"]
    if overlay:
        files.append(REPOSITORY / "config" / overlay)
    check_configuration(merged(*files), files)


def test_the_shipped_file_is_the_papers_protocol():
    file = REPOSITORY / "config.yaml"
    configuration = check_configuration(merged(file), [file])
    assert configuration.corpus.actors == tuple(range(1, 25))
    assert configuration.corpus.clips_per_actor == 60
    assert len(configuration.splits) == 5
    cnn14 = configuration.models["cnn14_fine_tuned"].settings
    assert (cnn14.batch_size, cnn14.max_iterations, cnn14.learning_rate) == (24, 30_000, 0.001)
    assert cnn14.width == 1
    transformer = configuration.models["stn_fine_tuned"].settings
    assert (transformer.batch_size, transformer.max_epochs, transformer.patience) == (128, 500, 30)
    sequence = configuration.models["stn_bilstm_flatten810"].settings
    assert (sequence.units, sequence.layers, sequence.attention_layers) == (300, 2, 2)


def test_all_mistakes_are_told_at_once(broken, tmp_path):
    text = broken(
        "sed: 1\n"
        "corpus: {clips_per_actor: many}\n"
        "models: {cnn14_fine_tuned: {settings: {batch_sice: 3}}}\n"
    )
    assert "3 mistakes" in text
    assert f"{tmp_path / 'mine.yaml'}: sed: unknown key; did you mean seed?" in text
    assert "corpus.clips_per_actor: " in text
    assert (
        "models.cnn14_fine_tuned.settings.batch_sice: unknown key; did you mean batch_size?" in text
    )


def test_the_file_that_holds_the_key_is_named(broken, tmp_path):
    text = broken("compute: {threads: 0}\n")
    assert f"{tmp_path / 'mine.yaml'}: compute.threads" in text


@pytest.mark.parametrize(
    ("overlay", "reason"),
    [
        ("systems: [cnn15]", "systems: 'cnn15' is not among models"),
        ("systems: [stn_fine_tuned]", "gives no posteriors; name a max_voting or bilstm"),
        ("systems: [cnn14_fine_tuned/loud]", "is not one of cnn14_fine_tuned/full"),
        ("fusion: {pairings: {vad: [cnn14_fine_tuned/vad]}}", "at least two"),
        ("fusion: {pairings: {vad: [cnn14_fine_tuned/vad, stn_max_voting]}}", "is not one of"),
        ("fusion: {settings: {by_system: {panns_svc: {inputs: logit}}}}", "is not fused by any"),
        ("models: {stn_max_voting: {of: cnn14_fine_tuned}}", "is no spatial_transformer"),
        ("models: {stn_fine_tuned: {variants: [vad]}}", "lacks one of them"),
        ("protocol: {folds: [[1, 2], [2, 3]]}", "actor 2 is in 2 folds"),
        ("corpus: {actors: [2, 3]}", "fold 2 has none"),
        ("corpus: {actors: [1, 1]}", "each once"),
        ("compute: {device: gpu}", "device is auto, cpu, cuda"),
        ("run: ../elsewhere", "run: "),
        ("report: {clips: [calm.mp4]}", "is not seven two-digit numbers"),
        (
            "{report: {clips: [01-01-02-01-01-01-01]}, corpus: {actors: [2, 3, 8, 10, 4]}}",
            "actor of",
        ),
        ("report: {clip_system: cnn14_fine_tuned/full}", "is no max_voting model"),
        ("models: {mine: {family: cnn41, title: Mine}}", "models.mine"),
        ("models: {mine: {family: cnn14}}", "models.mine.title: is missing"),
    ],
)
def test_a_mistake_is_told_in_words(broken, overlay, reason):
    assert reason in broken(overlay)
