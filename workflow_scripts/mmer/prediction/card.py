"""The model card of an exported folder, and the sentences that stand beside everything it says."""

from __future__ import annotations

from mmer.prediction.manifest import RECORDINGS, Manifest, Score


def measured(score: Score) -> str:
    """An accuracy with what it rests on, such as ``60.1 % of 1440 items``."""
    words = f"{score.accuracy:.1f} % of {score.items} items"
    if score.low is not None and score.high is not None:
        words += f" (95 % over speakers: {score.low:.0f} to {score.high:.0f} %)"
    if score.calibration_error is not None:
        words += (
            f"; its probabilities are off by {score.calibration_error:.0f} percentage points on "
            "average"
        )
    return words


def cautions(manifest: Manifest) -> list[str]:
    """What is to be known before anything that the networks say is believed."""
    chance = 100 / manifest.task.outputs
    return [
        manifest.caution,
        f"The networks know {manifest.label} and its {manifest.speakers} speakers, nothing else; "
        "another room, microphone, camera, age or language is foreign to them.",
        f"On speakers of that corpus whom they did not learn from they are right as often as told "
        f"beside each (chance: {chance:.1f} %); on other people less often, nobody knows how much "
        "less.  Weights and systems were chosen on those very speakers, which flatters these "
        "numbers.",
        "A probability is what the network says and no measure of how sure one may be.",
    ]


def model_card(manifest: Manifest) -> str:
    """The card, as Markdown."""
    systems = [
        f"- {each.title} (`{each.name}`): {measured(each.score)}."
        for each in (*manifest.systems, *manifest.fusions)
    ]
    lines = [
        f"# Networks of the run {manifest.run}",
        "",
        f"They say which {manifest.task.column} a recording shows: "
        f"{', '.join(manifest.task.names)}.",
        "",
        "## Before you use them",
        "",
        *(f"- {sentence}" for sentence in cautions(manifest)),
        "",
        "## How good they are",
        "",
        *systems,
        "",
        "## What is in this folder",
        "",
        f"`manifest.json` (settings, class names, these numbers, checksums), weights of each of "
        f"{len(manifest.splits)} splits as safetensors, and `{RECORDINGS}`: checksums of the "
        "corpus's own recordings, which are told by the networks that did not learn from their "
        "speakers.  Posteriors of a new recording are the mean of all splits' posteriors.",
        "",
        "## How to use it",
        "",
        "In a clone of the project, where torch and the small packages are:",
        "",
        "    PYTHONPATH=workflow_scripts python -m predict_recordings "
        '\'{"export": "<this folder>", "recordings": ["a.wav"], "out": "said"}\'',
        "",
    ]
    return "\n".join(lines)
