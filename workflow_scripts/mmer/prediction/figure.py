"""One picture of a recording: its sound, its faces, and what the networks say over time and in all.

Classes stand in the order of the task; colours say nothing that words do not.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Rectangle

from mmer.media.decoding import FRAME_RATE, SAMPLE_RATE
from mmer.media.new_recordings import Look, SeenFaces
from mmer.prediction.networks import SystemSays
from mmer.prediction.recording import PreparedRecording
from mmer.prediction.said import AskedSystem, RecordingTold
from mmer.report.style import COLOURS, new_figure
from mmer.training.frames import frames_within

WIDTH = 11.0
SHOWN_FACES = 10
TIME_STEPS = 2000
"""Over which sound and posteriors are drawn: more than a picture has dots."""

MOST_CUTS = 60
"""More cuts between pieces than that would hide what they cut, and are not drawn."""

TITLE_LETTERS, LEGEND_LETTERS = 140, 130
MODALITY_WORDS = {"speech": "voice", "face": "face", "fusion": "fusion"}
_FIRST, _LAST = slice(None, -1), slice(1, None)
_SPEECH, _CUT = "#f3d9a4", "#b00020"


def recording_figure(
    told: RecordingTold, prepared: PreparedRecording, says: Sequence[Sequence[SystemSays]]
) -> Figure:
    """Draw a recording; what it lacks, or nobody was asked, takes no room."""
    maps = _maps(told, prepared, says)
    over_time = [1.3] * (prepared.samples is not None)
    over_time += [1.6 + 0.15 * len(each.title.splitlines()) for each in maps]
    heights = []
    if prepared.faces is not None:
        heights.append(2.3 if prepared.faces.looks else 1.4)
    if over_time:
        heights.append(sum(over_time) + 0.3)
    legend = [_legend(asked) for asked, _ in told.mean.values()]
    heights.append(2.2 + 0.16 * sum(1 + text.count("\n") for text in legend))
    known = f", which is {told.known_as} of the run's corpus" if told.known_as else ""
    title = f"{_plain(told.recording)}{known}: {_verdict(told)}"
    figure, plot = new_figure(WIDTH, sum(heights), title, f"networks of {told.label}")
    parts = iter(plot.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0])
    if prepared.faces is not None:
        _draw_faces(next(parts), prepared.faces)
    if over_time:
        _draw_over_time(next(parts), told, prepared, maps, over_time)
    _draw_bars(next(parts).subplots(), told)
    return figure


@dataclass(frozen=True)
class Map:
    """Posteriors over time: a title, and of each part when it begins and ends, and what is said.

    What is said is ``(columns, classes)``, columns of equal length.
    """

    title: str
    parts: list[tuple[float, float, np.ndarray]]

    def sampled(self, start_s: float, stop_s: float) -> np.ndarray:
        """What is said at steps of equal length, ``(steps, classes)``; NaN between the parts."""
        edges = [np.linspace(start, stop, len(said) + 1) for start, stop, said in self.parts]
        begins, ends = (np.concatenate([e[cut] for e in edges]) for cut in (_FIRST, _LAST))
        values = np.concatenate([said for _, _, said in self.parts])
        times = start_s + (np.arange(TIME_STEPS) + 0.5) * (stop_s - start_s) / TIME_STEPS
        at = np.maximum(np.searchsorted(begins, times, "right") - 1, 0)
        inside = (begins[at] <= times) & (times < ends[at])
        return np.where(inside[:, None], values[at], np.nan)


def _maps(
    told: RecordingTold, prepared: PreparedRecording, says: Sequence[Sequence[SystemSays]]
) -> list[Map]:
    """The frames of the first system that sees some, and what each system says of each piece."""
    found = _frame_map(prepared, says)
    maps = [] if found is None else [found]
    for asked, _ in told.mean.values() if len(told.pieces) > 1 else ():
        parts = [
            (piece.start_s, piece.stop_s, np.array([list(each.posteriors.values())]))
            for piece in told.pieces
            for each in piece.systems
            if each.system == asked.system
        ]
        title = f"{MODALITY_WORDS[asked.modality]}, piece by piece: {asked.title}"
        maps.append(Map(textwrap.fill(title, TITLE_LETTERS), parts))
    return maps


def _draw_over_time(
    part: SubFigure,
    told: RecordingTold,
    prepared: PreparedRecording,
    maps: Sequence[Map],
    heights: Sequence[float],
) -> None:
    """The sound above the maps, on one axis of time."""
    panels = list(
        part.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    )
    waiting = iter(panels)
    if prepared.samples is not None:
        _draw_sound(next(waiting), prepared, told)
    image = None
    start_s, stop_s = told.pieces[0].start_s, told.pieces[-1].stop_s
    for axes, each in zip(waiting, maps, strict=True):
        image = axes.imshow(
            each.sampled(start_s, stop_s).T,
            aspect="auto",
            interpolation="nearest",
            cmap="Blues",
            vmin=0,
            vmax=1,
            extent=(start_s, stop_s, len(told.classes) - 0.5, -0.5),
        )
        for cut_s in _cuts(told):
            axes.axvline(cut_s, color=_CUT, linewidth=0.8, linestyle="--")
        axes.set_yticks(range(len(told.classes)), told.classes)
        axes.tick_params(axis="y", length=0)
        axes.set_facecolor("#e9e4da")
        axes.set_title(each.title, loc="left", fontsize=9)
    panels[-1].set(xlabel="seconds", xlim=(start_s, stop_s))
    if image is not None:
        bar = part.colorbar(image, ax=panels, pad=0.01, aspect=8 * sum(heights))
        bar.set_label("posterior")
        bar.outline.set_visible(False)


def _cuts(told: RecordingTold) -> list[float]:
    """Where the recording is cut, in seconds; nothing where the lines would hide the rest."""
    cuts = [piece.start_s for piece in told.pieces[1:]]
    return cuts if len(cuts) <= MOST_CUTS else []


def _plain(name: str) -> str:
    """A file's name that can be drawn: one line, no mathematics, no letters that are none."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in name)
    return textwrap.shorten(shown.replace("$", r"\$"), 70, placeholder="…") or "?"


def _verdict(told: RecordingTold) -> str:
    """What the first system of each modality says in all, such as ``voice: sad 43 %``."""
    words = []
    first = {asked.modality: (asked, mean) for asked, mean in reversed(told.mean.values())}
    for modality in MODALITY_WORDS:
        if modality not in first:
            continue
        asked, mean = first[modality]
        name = max(mean, key=mean.__getitem__)
        words.append(f"{MODALITY_WORDS[asked.modality]} {name} {100 * mean[name]:.0f} %")
    return ", ".join(words)


def _draw_sound(axes: Axes, prepared: PreparedRecording, told: RecordingTold) -> None:
    """The envelope over detected speech, with the cuts between pieces."""
    samples = prepared.samples
    assert samples is not None
    scaled = samples / 32768
    size = max(len(scaled) // TIME_STEPS, 1)
    count = len(scaled) // size
    blocks = scaled[: count * size].reshape(count, size)
    times = (np.arange(count) + 0.5) * size / SAMPLE_RATE
    axes.fill_between(times, blocks.min(axis=1), blocks.max(axis=1), color="#444444", linewidth=0)
    largest = max(np.abs(scaled).max(), 1e-3) * 1.1
    for piece in told.pieces:
        if piece.speech_found:
            axes.axvspan(piece.speech_start_s, piece.speech_stop_s, color=_SPEECH, zorder=0)
    for cut_s in _cuts(told):
        axes.axvline(cut_s, color=_CUT, linewidth=1.2, linestyle="--")
    axes.set(ylim=(-largest, largest), yticks=[])
    cut = "; cuts dashed" if _cuts(told) else ""
    axes.set_title(
        f"sound, first to last speech shaded (by {told.speech_by}){cut}", loc="left", fontsize=9
    )
    axes.spines["left"].set_visible(False)


def _draw_faces(part: SubFigure, faces: SeenFaces) -> None:
    """Pictures of every so often with what is cropped, and below each what the networks see."""
    count = len(faces.frames)
    looks: Sequence[Look | None] = faces.looks or [None] * min(SHOWN_FACES, count)
    chosen = np.unique(np.linspace(0, len(looks) - 1, SHOWN_FACES).round().astype(int))
    panels = part.subplots(2 if faces.looks else 1, SHOWN_FACES, squeeze=False)
    for axes in panels.ravel():
        axes.set_axis_off()
    for column, place in enumerate(chosen):
        look = looks[place]
        if look is None:
            frame = round(place * (count - 1) / max(len(looks) - 1, 1))
            seconds = faces.offset_s + frame / FRAME_RATE
        else:
            seconds = look.time_s
            frame = min(max(round((seconds - faces.offset_s) * FRAME_RATE), 0), count - 1)
            above = panels[0, column]
            above.imshow(look.picture, cmap="gray", vmin=0, vmax=255)
            left, top, side = look.square
            line = "-" if look.found else ":"
            box = {"fill": False, "edgecolor": COLOURS[1], "linewidth": 1.5, "linestyle": line}
            box["clip_on"] = False  # the square may reach beyond the picture
            above.add_patch(Rectangle((left, top), side, side, **box))
        panels[-1, column].imshow(faces.frames[frame], cmap="gray", vmin=0, vmax=255)
        panels[-1, column].set_title(f"{seconds:.1f} s", fontsize=7.5)
    words = "what the networks see: the middle of the film, as its run cropped it"
    if faces.looks:
        words = (
            "pictures with the square that is cropped (dotted: no face in this look), and what the "
            "networks see"
        )
    part.suptitle(words, x=0.01, ha="left", fontsize=9)


def _frame_map(prepared: PreparedRecording, says: Sequence[Sequence[SystemSays]]) -> Map | None:
    """Posteriors of every frame by the first system whose frames say something."""
    if prepared.faces is None:
        return None
    for name in dict.fromkeys(each.name for systems in says for each in systems):
        parts, title = [], ""
        for piece, systems in zip(prepared.pieces, says, strict=True):
            each = next((s for s in systems if s.name == name and s.frames is not None), None)
            if each is None or each.frames is None:
                continue
            rows = prepared.frame_rows(piece)
            times = prepared.faces.offset_s + rows / FRAME_RATE
            if name.endswith("/vad"):
                start_s = float(times[0]) - piece.start_s
                times = times[frames_within(piece.span, len(rows), FRAME_RATE, start_s)]
            title = textwrap.fill(f"posteriors of every frame: {each.title}", TITLE_LETTERS)
            parts.append((float(times[0]), float(times[-1]) + 1 / FRAME_RATE, each.frames.values))
        if parts:
            return Map(title, parts)
    return None


def _legend(asked: AskedSystem) -> str:
    return textwrap.fill(f"{MODALITY_WORDS[asked.modality]}: {asked.title}", LEGEND_LETTERS)


def _draw_bars(axes: Axes, told: RecordingTold) -> None:
    """What every system says in all, with the range of its splits' networks."""
    means = list(told.mean.values())
    width, places = 0.8 / len(means), np.arange(len(told.classes))
    hatches = {"speech": "", "face": "//", "fusion": ".."}
    for number, (asked, mean) in enumerate(means):
        values = 100 * np.array(list(mean.values()))
        lowest, highest = (100 * edge for edge in _range_of_splits(told, asked.system))
        at = places + (number - (len(means) - 1) / 2) * width
        errors = np.abs([values - lowest, highest - values])
        axes.bar(
            at,
            values,
            width * 0.92,
            color=COLOURS[number % len(COLOURS)],
            hatch=hatches[asked.modality],
            edgecolor="white",
            linewidth=0,
            label=_legend(asked),
            yerr=errors if len(told.splits) > 1 else None,
            error_kw={"ecolor": "#555555", "elinewidth": 0.9, "capsize": 2},
        )
    axes.axhline(100 / len(told.classes), color="#555555", linestyle=":", linewidth=1.1)
    axes.set_xticks(places, told.classes)
    axes.set(ylabel="posterior in %", ylim=(0, 105))
    axes.grid(axis="y")
    pieces = f"mean of {len(told.pieces)} pieces" if len(told.pieces) > 1 else "the whole"
    lines = f"; lines: from the lowest to the highest of {len(told.splits)} networks"
    axes.set_title(
        f"{pieces} (dotted: chance{lines if len(told.splits) > 1 else ''})", loc="left", fontsize=9
    )
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=1, fontsize=8)


def _range_of_splits(told: RecordingTold, system: str) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and highest mean posterior of any split's network, by class."""
    weights, values = [], []
    for piece in told.pieces:
        for each in piece.systems:
            if each.system == system:
                weights.append(piece.stop_s - piece.start_s)
                values.append([list(each.of_splits[s].values()) for s in told.splits])
    means = np.average(np.array(values), axis=0, weights=weights)
    return means.min(axis=0), means.max(axis=0)
