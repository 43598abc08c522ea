"""Draw clips frame by frame: the analogues of the paper's figures A1 to A3, and those asked for."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from matplotlib.figure import Figure

from mmer.corpus.clips import Clip
from mmer.corpus.folds import Split
from mmer.corpus.labels import EMOTIONS
from mmer.entry import run
from mmer.face.frames_on_device import frames_within
from mmer.prepare.speech_spans import read_spans
from mmer.report.clip_choice import EXAMPLES, Example, HeldoutClip, choose, heldout_clips, named
from mmer.report.clip_figure import ClipView, clip_figure
from mmer.report.settings import ReportSettings
from mmer.report.style import house_style, no_data_figure, save_figure
from mmer.store import read_ragged


def main(arguments: argparse.Namespace) -> None:
    """Choose the clips and draw each."""
    splits = [Split(**fields) for fields in json.loads(arguments.splits).values()]
    clips = heldout_clips(paths_of(arguments.frame_logits), splits)
    settings = ReportSettings.model_validate_json(arguments.settings)
    with house_style():
        for example in EXAMPLES:
            figure = draw_example(arguments, example, choose(example, clips))
            save_figure(figure, arguments.out / f"clip_example_{example.figure}")
        for name in settings.clips:
            figure = draw(arguments, named(name, clips), "Asked for in the configuration")
            save_figure(figure, arguments.out / f"clip_{name}")


def draw_example(
    arguments: argparse.Namespace, example: Example, clip: HeldoutClip | None
) -> Figure:
    """Draw the analogue of one of the paper's figures, or say that there is none."""
    heading = f"After the paper's figure {example.figure}"
    if clip is None:
        reason = f"no clip of this corpus is {example.true}"
        return no_data_figure(heading, reason, arguments.corpus_label)
    if EMOTIONS[clip.predicted] != example.predicted:
        heading += f" (the nearest: no {example.true} clip is taken for {example.predicted})"
    return draw(arguments, clip, heading)


def draw(arguments: argparse.Namespace, clip: HeldoutClip, heading: str) -> Figure:
    """Draw one clip with what the models made of it."""
    actor = f"{Clip.parse(clip.name).actor:02d}"
    frames = read_ragged([Path(json.loads(arguments.frames)[actor])])
    images = frames.of(frames.clips.index(clip.name))
    span = read_spans(arguments.spans)[clip.name] if arguments.spans else None
    attention = None
    if clip.split in (weights := paths_of(arguments.attention)):
        ragged = read_ragged([weights[clip.split]])
        attention = ragged.of(ragged.clips.index(clip.name))
    view = ClipView(
        clip=clip.name,
        images=images,
        rate=frames.rate,
        seen=frames_within(span, len(images), frames.rate),
        posteriors=clip.posteriors,
        predicted=clip.predicted,
        attention=attention,
    )
    names = (arguments.title, arguments.attention_title)
    return clip_figure(view, heading, *names, arguments.corpus_label)


def paths_of(mapping: str) -> dict[str, Path]:
    """A JSON object of paths."""
    return {name: Path(path) for name, path in json.loads(mapping).items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", required=True, help='JSON: {"01": "actor_01.npz"}')
    parser.add_argument("--spans", type=Path, nargs="*", help="speech spans per actor, for vad")
    parser.add_argument("--splits", required=True, help="JSON: all splits by name")
    parser.add_argument("--frame-logits", required=True, help='JSON: {"heldout0": "logits.npz"}')
    parser.add_argument("--title", required=True, help="what the frames' model is called")
    parser.add_argument("--attention", default="{}", help='JSON: {"heldout0": "attention.npz"}')
    parser.add_argument("--attention-title", default="", help="what its model is called")
    parser.add_argument("--settings", required=True, help="the report's settings as JSON")
    parser.add_argument("--corpus-label", required=True, help="what the numbers were measured on")
    parser.add_argument("--out", type=Path, required=True, help="folder of the figures")
    run(parser, main)
