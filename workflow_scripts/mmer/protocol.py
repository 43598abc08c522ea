"""Who learns from whom: folds of speakers, and the splits that a protocol makes of them.

A split says who trains, who chooses (the kept epoch, the architecture, a hyperparameter) and who is
tested.  In the paper's protocol those who choose are those who are tested.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from mmer.items import SPEAKER, Items
from mmer.runtime.errors import UserError

TRAIN, CHOOSE, TEST = "train", "choose", "test"
PARTS = (TRAIN, CHOOSE, TEST)
EVERYBODY = "everybody"
"""The name of a split in which all train."""


class Split(BaseModel):
    """Groups of items to train on, to choose by and to test on.

    Attributes
    ----------
    name
        Such as ``fold0``.
    by
        The column of the item table whose values are named below: the speaker, unless a corpus
        knows no speakers.
    train, choose, test
        Values of that column.  No group is trained on and chosen by or tested on; ``choose`` is
        ``test`` or has nothing in common with it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    by: str = SPEAKER
    train: tuple[str, ...]
    choose: tuple[str, ...]
    test: tuple[str, ...]

    def model_post_init(self, _: object) -> None:
        """A split that leaks is a bug of whoever made it."""
        train, choose, test = set(self.train), set(self.choose), set(self.test)
        shared = train & (choose | test)
        assert not shared, f"{sorted(shared)} on both sides of split {self.name}"
        assert choose == test or not choose & test, f"split {self.name} chooses by some of its test"
        assert train, f"nobody to train on in split {self.name}"

    @property
    def groups(self) -> set[str]:
        """Everybody in the split."""
        return {*self.train, *self.choose, *self.test}

    def part(self, group: str) -> str:
        """``train``, ``choose`` or ``test``; those who choose and are tested are ``test``."""
        if group in self.test:
            return TEST
        if group in self.choose:
            return CHOOSE
        assert group in self.train, f"{group} is not in split {self.name}"
        return TRAIN

    @property
    def choosing_part(self) -> str:
        """The part by whose items weights are chosen; ``train`` where nobody else may choose."""
        if not self.choose:
            return TRAIN
        return TEST if self.choose == self.test else CHOOSE

    def parts_of(self, items: Items) -> np.ndarray:
        """The part of each item, ``(items,)`` text; empty where an item is outside the split.

        Raises
        ------
        UserError
            If a speaker of the split has no item.
        """
        groups = items.column(self.by)
        absent = self.groups - set(groups)
        if absent:
            raise UserError(
                f"split {self.name} needs {self.by} {min(absent)}, who has no item here: add that "
                f"{self.by}'s files"
            )
        known = {group: self.part(group) for group in self.groups}
        return np.array([known.get(group, "") for group in groups])


def everybody(splits: Collection[Split]) -> Split:
    """All who are in some splits of one corpus train, and nobody is left to choose or to test."""
    (by,) = {split.by for split in splits}
    train = tuple(sorted({group for split in splits for group in split.groups}))
    return Split(name=EVERYBODY, by=by, train=train, choose=(), test=())


def one_fold_out(folds: Sequence[Sequence[str]], by: str = SPEAKER) -> dict[str, Split]:
    """The paper's protocol: one split per fold, which tests on that fold and chooses by it.

    Source: paper section 3.1.

    Parameters
    ----------
    folds
        Groups of speakers; each speaker in exactly one.
    by
        The column of the item table that holds them, where it is not the speaker.
    """
    everybody = sorted(speaker for fold in folds for speaker in fold)
    splits = {}
    for index, fold in enumerate(folds):
        name, tested = f"fold{index}", tuple(sorted(fold))
        train = tuple(speaker for speaker in everybody if speaker not in fold)
        splits[name] = Split(name=name, by=by, train=train, choose=tested, test=tested)
    return splits
