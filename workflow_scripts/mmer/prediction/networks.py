"""The networks of an exported folder, each loaded once, and what they say of prepared pieces.

What the splits' networks say is averaged as probabilities, as the nested protocol averages them:
one that is sure of itself cannot outvote the others as it would among logits.  A fusion joins what
the systems of one split say, and is averaged after that.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from mmer.fusion.kept import fused_by
from mmer.kept_classifiers import check_kept
from mmer.models.kept import KeptModel, NewItems, Predictor, Said
from mmer.prediction.manifest import (
    RECORDINGS,
    ExportedFusion,
    ExportedModel,
    Manifest,
    read_arrays_of,
    read_manifest,
)
from mmer.prediction.recordings_table import KnownRecording, read_known
from mmer.predictions import Posteriors
from mmer.ragged import Ragged
from mmer.registry import Registry
from mmer.runtime.errors import UserError

log = logging.getLogger(__name__)

SEES, HEARS = "face", "speech"


@dataclass(frozen=True)
class SystemSays:
    """What a system or fusion says of some pieces.

    Attributes
    ----------
    name, title, modality
        Which one; ``fusion`` for a fusion.
    probabilities
        ``(pieces, classes)`` float64, the mean over the splits asked.  Of a fusion without
        probabilities the share of the splits that name a class.
    of_splits
        The same of each split, ``(splits, pieces, classes)``.
    are_votes
        Whether these are such shares.
    frames
        Posteriors of every frame, ``(frames, classes)``; None where no frame is seen.
    """

    name: str
    title: str
    modality: str
    probabilities: np.ndarray
    of_splits: np.ndarray
    are_votes: bool = False
    frames: Ragged | None = None


@dataclass(frozen=True)
class Networks:
    """Everything of an exported folder that can say something.

    Attributes
    ----------
    folder, manifest
        Where it lies, and what it says of itself, checked.
    kinds
        Families by name.
    """

    folder: Path
    manifest: Manifest
    kinds: Registry
    _loaded: dict[tuple[str, str], Predictor] = field(default_factory=dict)
    _fusions: dict[tuple[str, str], dict[str, np.ndarray]] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path, kinds: Registry) -> Networks:
        """Check the folder and load every network.

        Raises
        ------
        UserError
            If the folder is no export, or a network does not fit its settings.
        """
        networks = cls(folder, read_manifest(folder), kinds)
        for model in networks.manifest.models:
            for split in model.files:
                networks._loaded[f"{model.name}/{model.variant}", split] = networks._load(
                    model, split
                )
        for fusion in networks.manifest.fusions:
            for split in fusion.files:
                networks._fusions[fusion.name, split] = networks._load_fusion(fusion, split)
        return networks

    @cached_property
    def known(self) -> dict[str, KnownRecording]:
        """The recordings of the run's own corpus, by checksum of their sound."""
        if RECORDINGS not in self.manifest.files:
            return {}
        return read_known(self.folder / RECORDINGS, self.manifest.splits)

    @property
    def sees(self) -> bool:
        """Whether any system sees faces."""
        return any(system.modality == SEES for system in self.manifest.systems)

    def _model(self, name: str) -> ExportedModel | None:
        """A model under a variant; None where there is none of that name."""
        named = (m for m in self.manifest.models if f"{m.name}/{m.variant}" == name)
        return next(named, None)

    def _load(self, model: ExportedModel, split: str) -> Predictor:
        """One network, on its device."""
        whose = f"{self.folder}: {model.name}"
        if model.family not in self.kinds.families:
            raise UserError(
                f"{whose} is of the family {model.family}, which is not known here: name its file "
                "under plugins"
            )
        arrays = read_arrays_of(self.folder, model.files[split])
        kept = KeptModel(
            model=model.name,
            options=model.options,
            task=model.task,
            base_task=model.base_task,
            variant=model.variant,
            state={name: torch.from_numpy(array) for name, array in arrays.items()},
        )
        try:
            found = self.kinds.families[model.family].for_new_recordings(kept)
        except UserError:
            raise
        except ImportError as error:
            raise UserError(
                f"{whose} needs the package {error.name}, which cannot be loaded here: install it"
            ) from error
        except Exception as error:  # settings of a hostile folder can fail in any way
            reason = " ".join(str(error).split())[:200]
            raise UserError(
                f"{whose} does not fit its settings ({type(error).__name__}: {reason}): export "
                "the run again"
            ) from error
        if found is None:
            raise UserError(f"{whose}: the family {model.family} says nothing of new recordings")
        return found

    def _load_fusion(self, fusion: ExportedFusion, split: str) -> dict[str, np.ndarray]:
        arrays = read_arrays_of(self.folder, fusion.files[split])
        classes = self.manifest.task.outputs
        check_kept(arrays, classes * len(fusion.members), classes, fusion.name)
        return arrays

    def say(self, pieces: NewItems, splits: Sequence[str]) -> list[SystemSays]:
        """What every system and fusion says that the pieces have the media for.

        Parameters
        ----------
        pieces
            With sound, with frames and maps, or both.
        splits
            Whose networks are asked.
        """
        can = {HEARS: pieces.audio is not None, SEES: pieces.frames is not None}
        asked = [system for system in self.manifest.systems if can[system.modality]]
        cache: dict[tuple[str, str], Said] = {}
        found, posteriors = [], {}
        for system in asked:
            said = [self._of(system.name, split, pieces, cache) for split in splits]
            for split, each in zip(splits, said, strict=True):
                posteriors[system.name, split] = self._posteriors(pieces, each)
            frames = self._frames(system.name, splits, pieces, cache)
            title, modality = system.title, system.modality
            values = np.stack([each.probabilities for each in said])
            found.append(
                SystemSays(system.name, title, modality, values.mean(axis=0), values, frames=frames)
            )
        for fusion in self.manifest.fusions:
            if {*fusion.members} <= {system.name for system in asked}:
                found.append(self._fused(fusion, splits, posteriors))
        return found

    def _of(
        self,
        name: str,
        split: str,
        pieces: NewItems,
        cache: dict[tuple[str, str], Said],
    ) -> Said:
        """What one model says with the weights of a split, asked once."""
        model = self._model(name)
        assert model is not None, f"{name} is there, as the manifest was checked"
        of_split = split if split in model.files else ""
        # What it reads may differ between splits though its own weights do not.
        key = (name, split)
        if key not in cache:
            base = None
            if model.of is not None:
                base = self._of(f"{model.of}/{model.variant}", split, pieces, cache)
            elif (shared := cache.get((name, ""))) is not None and of_split == "":
                return shared
            said = self._loaded[name, of_split](pieces, base)
            cache[key] = said
            if model.of is None and of_split == "":
                cache[name, ""] = said
        return cache[key]

    def _frames(
        self,
        name: str,
        splits: Sequence[str],
        pieces: NewItems,
        cache: Mapping[tuple[str, str], Said],
    ) -> Ragged | None:
        """Posteriors of every frame by the network behind a system, if it says the same classes."""
        model = self._model(name)
        while model is not None:
            said = [cache.get((f"{model.name}/{model.variant}", s)) for s in splits]
            if all(each is not None and "logits" in each.layers for each in said):
                layers = [each.layers["logits"] for each in said if each is not None]
                mean = np.mean([_softmax(layer.values) for layer in layers], axis=0)
                values = self.manifest.task.from_fewer(mean, model.task.names)
                first = layers[0]
                return Ragged(first.items, values, first.offsets, first.rate)
            model = self._model(f"{model.of}/{model.variant}")
        return None

    def _posteriors(self, pieces: NewItems, said: Said) -> Posteriors:
        """What is said, as a fusion reads it."""
        table = pieces.table(self.manifest.task)
        part = np.full(len(table), "")
        assert said.probabilities is not None, "a system that is asked names classes"
        return Posteriors(self.manifest.task, table, part, said.probabilities, said.logits)

    def _fused(
        self,
        fusion: ExportedFusion,
        splits: Sequence[str],
        posteriors: Mapping[tuple[str, str], Posteriors],
    ) -> SystemSays:
        """What a fusion says, split by split."""
        values, are_votes = [], False
        for split in splits:
            systems = {member: posteriors[member, split] for member in fusion.members}
            classes = self.manifest.task.outputs
            arrays = self._fusions[fusion.name, split]
            predicted, probabilities = fused_by(arrays, systems, fusion.inputs, classes)
            if probabilities is None:
                probabilities, are_votes = np.eye(classes)[predicted], True
            values.append(probabilities)
        stacked = np.stack(values)
        return SystemSays(
            fusion.name, fusion.title, "fusion", stacked.mean(axis=0), stacked, are_votes
        )


def _softmax(logits: np.ndarray) -> np.ndarray:
    exponentials = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)
