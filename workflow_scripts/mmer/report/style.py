"""How figures look, and how they are written: the same input gives the same bytes.

Colours are those of Okabe and Ito (2008), told apart by readers of any colour vision; marks differ
in shape or line style too, so that nothing hangs on colour alone.
"""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure

from mmer.report.corpus_label import is_synthetic, short_corpus_sentence
from mmer.runtime.writing import writing

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000")
LINE_STYLES = ("-", "--", "-.", ":")

VARIANT_COLOURS = {"full": "#E69F00", "vad": "#0072B2", "mixed": "#009E73"}
"""As in the paper's figure 7: orange whole clips, blue speech only, green the mixture."""
VARIANT_MARKERS = {"full": "o", "vad": "s", "mixed": "D"}
OTHER_COLOUR, OTHER_MARKER = "#CC79A7", "^"

PNG_DOTS_PER_INCH = 160
_TITLE_LETTERS_PER_INCH, _CORPUS_LETTERS_PER_INCH = 9, 11

_RULES = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "svg.hashsalt": "mmer",
    "svg.fonttype": "path",
}


@contextmanager
def house_style() -> Iterator[None]:
    """Within it, figures are drawn and written in one style, whatever the user's settings."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_RULES)
        yield


def new_figure(width: float, height: float, title: str, label: str) -> tuple[Figure, SubFigure]:
    """A figure with its title above and its corpus below, which stands out if synthetic.

    ``width`` and ``height`` are inches of the plot, the part between both; title and corpus come on
    top of the height.  Returned are the whole figure and that part.
    """
    title = textwrap.fill(title, int(width * _TITLE_LETTERS_PER_INCH))
    corpus = textwrap.fill(short_corpus_sentence(label), int(width * _CORPUS_LETTERS_PER_INCH))
    lines = [1 + text.count("\n") for text in (title, corpus)]
    heights = [0.24 + 0.19 * lines[0], height, 0.24 + 0.15 * lines[1]]
    figure = Figure(figsize=(width, sum(heights)), layout="constrained")
    FigureCanvasAgg(figure)
    above, plot, below = figure.subfigures(3, 1, height_ratios=heights)
    above.text(0.5, 0.5, title, ha="center", va="center", fontsize=11, fontweight="bold")
    look: dict[str, Any] = {"color": "#444444"}
    if is_synthetic(label):
        box = {"boxstyle": "round,pad=0.3", "facecolor": "#ffe9c7", "edgecolor": "#b35900"}
        look = {"color": "#5c2e00", "fontweight": "bold", "bbox": box}
    below.text(0.5, 0.5, corpus, ha="center", va="center", fontsize=8.5, **look)
    return figure, plot


def no_data_figure(title: str, reason: str, label: str) -> Figure:
    """A figure that says why there is nothing to draw."""
    figure, plot = new_figure(6.2, 1.0, title, label)
    plot.text(0.5, 0.5, textwrap.fill(reason, 70), ha="center", va="center")
    return figure


def save_figure(figure: Figure, path: Path) -> None:
    """Write ``path`` with the endings ``.svg`` and ``.png``, without dates.

    The layout is found once, and rounded: the last bits of what its solver finds differ between
    runs.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.get_axes():
        axes.set_position([round(edge, 6) for edge in axes.get_position(original=True).bounds])
    svg = io.StringIO()
    figure.savefig(svg, format="svg", metadata={"Date": None})
    with writing(path.parent / f"{path.name}.svg") as unfinished:
        unfinished.write_text(_with_counted_clips(svg.getvalue()), "utf-8")
    with writing(path.parent / f"{path.name}.png") as unfinished:
        figure.savefig(unfinished, format="png", dpi=PNG_DOTS_PER_INCH, metadata={"Software": None})


def _with_counted_clips(svg: str) -> str:
    """Clip paths named by their order in place of a hash.

    The hash is of positions that the layout's solver finds, whose last bits differ between runs;
    everything else is written with six digits.
    """
    names = dict.fromkeys(re.findall(r'<clipPath id="(p[0-9a-f]{10})"', svg))
    numbers = {name: f"clip{number}" for number, name in enumerate(names)}
    # The part before is what can refer to a clip path, so no other text is touched.
    pattern = r'(?<=url\(#)p[0-9a-f]{10}(?=\))|(?<=clipPath id=")p[0-9a-f]{10}'
    return re.sub(pattern, lambda match: numbers.get(match.group(), match.group()), svg)


def series_style(position: int) -> dict[str, str]:
    """Colour and line style of one of several curves; 28 of them differ."""
    return {
        "color": COLOURS[position % len(COLOURS)],
        "linestyle": LINE_STYLES[(position + position // len(COLOURS)) % len(LINE_STYLES)],
    }
