"""Speech spans: first speech to last speech, the whole item where there is none."""

from mmer.media.speech_spans import SpeechSpan, read_spans, span_of, write_spans


def test_the_span_runs_from_first_to_last_speech():
    segments = [
        ("noEnergy", 0.0, 0.6),
        ("speech", 0.6, 1.0),
        ("noise", 1.0, 1.4),
        ("speech", 1.4, 2.2),
        ("noEnergy", 2.2, 3.0),
    ]
    assert span_of(segments, 3.0) == SpeechSpan(0.6, 2.2, found=True)


def test_without_speech_the_whole_item_is_kept_and_that_is_recorded():
    span = span_of([("noEnergy", 0.0, 1.0), ("music", 1.0, 3.0)], 2.98)
    assert span == SpeechSpan(0.0, 2.98, found=False)


def test_the_detectors_grid_does_not_reach_past_the_item():
    assert span_of([("speech", 0.0, 3.0)], 2.99).stop_s == 2.99


def test_spans_of_several_speakers_are_read_together(tmp_path):
    first = {"0101": SpeechSpan(0.6, 2.2, True)}
    second = {"0102": SpeechSpan(0.0, 3.1, False)}
    write_spans(tmp_path / "a.csv", first)
    write_spans(tmp_path / "b.csv", second)
    assert read_spans([tmp_path / "a.csv", tmp_path / "b.csv"]) == {**first, **second}
    assert (tmp_path / "a.csv").read_text().splitlines()[0] == "item,start_s,stop_s,speech_found"
