"""Show what voice activity detection cut: a table, a figure, and every clip as CSV."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmer.entry import run
from mmer.prepare.speech_spans import read_spans
from mmer.report.speech_span_figure import speech_span_figure
from mmer.report.speech_span_table import kept_of_clips, read_durations, speech_span_table
from mmer.report.style import house_style, save_figure
from mmer.report.table_files import write_table
from mmer.store import writing


def main(arguments: argparse.Namespace) -> None:
    """Read lengths and spans of all clips and write."""
    label = arguments.corpus_label
    clips = kept_of_clips(read_spans(arguments.spans), read_durations(arguments.audio))
    write_table(arguments.tables, "speech_spans", speech_span_table(clips, label))
    with writing(arguments.tables / "speech_spans_by_clip.csv") as unfinished:
        clips.assign(corpus=label).to_csv(unfinished, index=False, float_format="%.6f")
    with house_style():
        save_figure(speech_span_figure(clips, label), arguments.figures / "speech_spans")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audio", type=Path, nargs="+", required=True, help="NPZ per actor")
    parser.add_argument("--spans", type=Path, nargs="+", required=True, help="CSV per actor")
    parser.add_argument("--corpus-label", required=True, help="what was recorded")
    parser.add_argument("--tables", type=Path, required=True, help="folder of the tables")
    parser.add_argument("--figures", type=Path, required=True, help="folder of the figures")
    run(parser, main)
