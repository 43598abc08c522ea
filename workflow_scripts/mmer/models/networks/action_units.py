"""OpenFace's tables: run the program where they are missing, read them, average them.

A table has a row per frame.  Its columns are told by their names, which some of its versions
begin with a space.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from mmer.embeddings import Embeddings, write_embeddings
from mmer.items import Items, read_items
from mmer.media.recordings import files_in
from mmer.models.action_units import TABLES_FOLDER, ActionUnitsSettings
from mmer.models.base import ModelJob
from mmer.ragged import Ragged, write_ragged
from mmer.runtime.errors import UserError
from mmer.runtime.writing import writing
from mmer.training.job import forget_if_stale

log = logging.getLogger(__name__)

INTENSITIES = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
"""Units of which the program tells how strong they are, 0 to 5."""
PRESENCES = (*INTENSITIES[:16], 28, 45)
"""Units of which it tells whether they are there."""
COLUMNS = (*(f"AU{unit:02d}_r" for unit in INTENSITIES), *(f"AU{unit:02d}_c" for unit in PRESENCES))
TIME, CONFIDENCE, SUCCESS, FRAME = "timestamp", "confidence", "success", "frame"


def read(job: ModelJob) -> None:
    """Write the outputs ``action_units``, a row per frame, and ``embeddings``, their means.

    A UserError if an item has no table or several; a table is none of OpenFace, has no frame, or a
    value that is not finite; or the program fails.
    """
    settings, items = job.settings(ActionUnitsSettings), read_items(job.one("items"))
    forget_if_stale(job, _kept(job))
    if TABLES_FOLDER not in job.inputs:
        run_program(settings.program, files_in(job.inputs["films"]), items, _kept(job))
    folder = job.one(TABLES_FOLDER) if TABLES_FOLDER in job.inputs else _kept(job)
    tables = tables_of(folder, items)
    units, rates = [], []
    for name in tqdm(items.names, unit="item", mininterval=10):
        rows, rate = read_table(tables[name], settings.failed_frames == "leave_out")
        units.append(rows)
        rates.append(rate)
    write_ragged(
        job.output("action_units"), Ragged.join(items.names, units, float(np.median(rates)))
    )
    means = np.stack([rows.mean(axis=0) for rows in units])
    write_embeddings(job.output("embeddings"), Embeddings(items.names, means, COLUMNS))
    if _kept(job).exists():
        shutil.rmtree(_kept(job))


def _kept(job: ModelJob) -> Path:
    """Where the program's tables lie until all are read."""
    assert job.checkpoint is not None, "a step knows where it goes on"
    return job.checkpoint.with_suffix("")


def run_program(program: str, films: Iterable[Path], items: Items, folder: Path) -> None:
    """Run OpenFace on every film that has no table yet; its other files go."""
    wanted = [film for film in films if film.stem in set(items.names)]
    missing = [film for film in wanted if not (folder / f"{film.stem}.csv").exists()]
    log.info("%d of %d films have no table yet", len(missing), len(wanted))
    for film in tqdm(missing, unit="film", mininterval=10):
        with writing(folder / f"{film.stem}.csv") as unfinished:
            made = unfinished.with_name(f"{unfinished.name}.made")
            try:
                told = [program, "-f", film, "-out_dir", made, "-of", film.stem, "-aus"]
                done = subprocess.run(told, capture_output=True, text=True, errors="replace")
                table = made / f"{film.stem}.csv"
                if done.returncode or not table.exists():
                    said = (done.stderr or done.stdout).strip().splitlines()
                    raise UserError(
                        f"OpenFace failed on {film} ({said[-1] if said else 'it said nothing'}): "
                        "run it by hand, and name the folder of its tables as settings.folder"
                    )
                table.replace(unfinished)
            except OSError as error:
                raise UserError(
                    f"OpenFace cannot be run as {program} ({error.strerror}): name its program as "
                    "settings.program"
                ) from error
            finally:
                shutil.rmtree(made, ignore_errors=True)


def tables_of(folder: Path, items: Items) -> Mapping[str, Path]:
    """The table of every item; a UserError where an item has none, or several."""
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*.csv")):
        if path.stem in found:
            raise UserError(f"{path} and {found[path.stem]} are of one item: keep one of them")
        found[path.stem] = path
    missing = [name for name in items.names if name not in found]
    if missing:
        raise UserError(
            f"{folder} has no table of {len(missing)} of {len(items)} items, such as "
            f"{missing[0]}.csv: run OpenFace on their films too"
        )
    return found


def read_table(path: Path, only_found: bool) -> tuple[np.ndarray, float]:
    """A table's action units ``(frames, 35)`` float32, and its frames per second.

    Of several faces in a frame the one is taken of which the program is surest.

    With ``only_found`` frames are left out in which it found no face.
    """
    try:
        table = pd.read_csv(path, skipinitialspace=True)
    except (OSError, ValueError) as error:
        raise UserError(f"{path} is no table of OpenFace ({error}): make it again") from error
    table.columns = table.columns.str.strip()
    lacking = [name for name in (FRAME, TIME, CONFIDENCE, SUCCESS, *COLUMNS) if name not in table]
    if lacking:
        raise UserError(f"{path} lacks the column {lacking[0]}: run OpenFace with action units")
    table = table.sort_values([FRAME, CONFIDENCE]).drop_duplicates(FRAME, keep="last")
    times = pd.to_numeric(table[TIME], errors="coerce").to_numpy(np.float64)
    if only_found:
        table = table[table[SUCCESS] == 1]
    if table.empty:
        raise UserError(f"{path} has no frame with a face: look at the film")
    units = table[list(COLUMNS)].apply(pd.to_numeric, errors="coerce").to_numpy(np.float32)
    if not np.isfinite(units).all() or not np.isfinite(times).all():
        raise UserError(f"{path} holds a value that is no number: make it again")
    lasted = times[-1] - times[0]
    return units, (len(times) - 1) / lasted if lasted > 0 else 1.0
