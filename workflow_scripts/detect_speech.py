"""Find the speech span of every clip of one actor with inaSpeechSegmenter."""

import argparse
import logging
from pathlib import Path

from tqdm import tqdm

from mmer.acquire.checksums import verify
from mmer.entry import run
from mmer.prepare.settings import VoiceActivitySettings
from mmer.prepare.speech_spans import write_spans
from mmer.prepare.voice_activity import detect_speech
from mmer.store import read_ragged

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--audio", type=Path, required=True)
parser.add_argument("--weights", type=Path, required=True)
parser.add_argument("--weights-sha256", required=True)
parser.add_argument("--settings", required=True, help="VoiceActivitySettings as JSON")
parser.add_argument("--spans", type=Path, required=True, help="where to write the table")


def main(arguments: argparse.Namespace) -> None:
    """Verify the weights, segment each clip, write the table of spans."""
    verify(arguments.weights, f"sha256:{arguments.weights_sha256}")
    settings = VoiceActivitySettings.model_validate_json(arguments.settings)
    audio = read_ragged([arguments.audio])
    spans = detect_speech(
        audio,
        arguments.weights,
        settings,
        progress=lambda clips: tqdm(clips, total=len(audio), unit="clip", mininterval=5),
    )
    write_spans(arguments.spans, spans)
    found = sum(span.found for span in spans.values())
    logging.info("speech found in %d of %d clips", found, len(spans))


if __name__ == "__main__":
    run(parser, main)
