"""Every path of a run, once.

Paths are text, and a part of one may be a pattern in braces, so that rules and plan share them.
"""

from __future__ import annotations

from dataclasses import dataclass

ENDINGS = dict.fromkeys(("audio", "frames", "faces", "saliency", "traces"), "npz")
ENDINGS |= dict.fromkeys(("speech", "text"), "csv")
"""Of what is prepared, a file per speaker."""


@dataclass(frozen=True)
class Layout:
    """Where a run keeps its files.

    Attributes
    ----------
    results
        The run's folder.
    downloads
        The folder of everything downloaded, shared by runs.
    """

    results: str
    downloads: str

    def items(self, corpus: str = "") -> str:
        """The item table; ``corpus`` is empty for the run's own, else its name and a slash."""
        return f"{self.results}/prepared/{corpus}items.csv"

    def divided_items(self) -> str:
        """The item table of the run's corpus with the fold of each recording."""
        return f"{self.results}/prepared/by_recording/items.csv"

    def prepared(self, kind: str, speaker: str, corpus: str = "") -> str:
        """What is prepared of a speaker."""
        return f"{self.results}/prepared/{corpus}{kind}/{speaker}.{ENDINGS[kind]}"

    def same_recordings(self) -> str:
        """The recordings that the run's corpus holds more than once."""
        return f"{self.results}/prepared/same_recordings.csv"

    def clips(self, speaker: str) -> str:
        """The folder of a speaker's extracted recordings."""
        return f"{self.results}/clips/{speaker}"

    def downloaded(self, place: str) -> str:
        """A download, by its place ``<host>/<path>``."""
        return f"{self.downloads}/{place}"

    def converted(self, name: str) -> str:
        """Published weights in the project's own form, shared by runs."""
        return f"{self.downloads}/converted/{name}.safetensors"

    def model(self, file: str, model: str, variant: str = "", split: str = "") -> str:
        """A file of a model, of one of its variants, or of one of its splits."""
        parts = [self.results, "models", model, variant, split, file]
        return "/".join(part for part in parts if part)

    def predictions(self, model: str, variant: str, split: str) -> str:
        """The predictions of one model, variant and split."""
        return f"{self.results}/predictions/{model}/{variant}/{split}.csv"

    def fusion(self, pairing: str, inputs: str, table: str) -> str:
        """A table of a fusion fed with some inputs: ``predictions`` or ``grid``."""
        return f"{self.results}/fusion/{pairing}/{inputs}/{table}.csv"

    def evaluation(self, table: str) -> str:
        """A table of the evaluation."""
        return f"{self.results}/evaluation/{table}.csv"

    def table(self, name: str, ending: str = "html") -> str:
        """A table of the report."""
        return f"{self.results}/tables/{name}.{ending}"

    def figure(self, name: str, ending: str = "svg") -> str:
        """A figure of the report."""
        return f"{self.results}/figures/{name}.{ending}"

    def page(self, name: str) -> str:
        """A page of the report, or what one is made of."""
        return f"{self.results}/{name}"

    def checkpoint(self, name: str) -> str:
        """Where an interrupted training goes on."""
        return f"{self.results}/checkpoints/{name}.safetensors"

    def log(self, step: str, job: str = "") -> str:
        """The log of a job; of a step that has one job, the step's."""
        return f"{self.results}/logs/{step}/{job}.log" if job else f"{self.results}/logs/{step}.log"

    def benchmark(self, step: str, job: str = "") -> str:
        """Time and memory of a job."""
        place = f"{step}/{job}" if job else step
        return f"{self.results}/benchmarks/{place}.tsv"
