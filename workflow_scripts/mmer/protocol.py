"""Who learns from whom: folds of speakers, and the splits that a protocol makes of them.

A split says who trains, who chooses (the kept epoch, the architecture, a hyperparameter) and who is
tested.  In the paper's protocol those who choose are those who are tested.  In the nested one they
never are: for every pair of folds one training learns from the rest, and two splits share it, each
of which tests on one fold and chooses by the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations

import numpy as np
from pydantic import BaseModel, ConfigDict

from mmer.items import SPEAKER, Items
from mmer.runtime.errors import UserError

TRAIN, CHOOSE, TEST = "train", "choose", "test"
PARTS = (TRAIN, CHOOSE, TEST)
PAPER, NESTED = "paper", "nested"
"""Names of protocols."""
EVERYBODY = "everybody"
"""The name of a split in which all train."""


class Split(BaseModel):
    """Groups of items to train on, to choose by and to test on.

    Attributes
    ----------
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
    def holds_tested_out(self) -> bool:
        """Whether nobody who is tested chooses, though somebody does."""
        return bool(self.choose) and not set(self.choose) & set(self.test)

    @property
    def choosing_part(self) -> str:
        """The part by whose items weights are chosen; ``train`` where nobody else may choose."""
        if not self.choose:
            return TRAIN
        return TEST if self.choose == self.test else CHOOSE

    def parts_of(self, items: Items) -> np.ndarray:
        """The part of each item, ``(items,)`` text; empty where an item is outside the split.

        A UserError if a speaker of the split has no item.
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

    ``by`` is the column of the item table that holds them.  Source: paper section 3.1.
    """
    everybody = sorted(speaker for fold in folds for speaker in fold)
    splits = {}
    for index, fold in enumerate(folds):
        name, tested = f"fold{index}", tuple(sorted(fold))
        train = tuple(speaker for speaker in everybody if speaker not in fold)
        splits[name] = Split(name=name, by=by, train=train, choose=tested, test=tested)
    return splits


def two_folds_out(folds: Iterable[Split]) -> dict[str, dict[str, Split]]:
    """The nested protocol: a training per pair of folds, which learns from all others.

    Of the splits of the paper's protocol, three at least, come two splits by training: ``_a`` tests
    on the first fold of the pair and chooses by the second, ``_b`` the other way round.
    """
    found: dict[str, dict[str, Split]] = {}
    for (i, first), (j, second) in combinations(enumerate(folds), 2):
        pair, train = f"pair{i}_{j}", tuple(sorted(set(first.train) - set(second.test)))
        parts = (("a", first.test, second.test), ("b", second.test, first.test))
        found[pair] = {
            f"{pair}_{end}": Split(
                name=f"{pair}_{end}", by=first.by, train=train, choose=choose, test=test
            )
            for end, test, choose in parts
        }
        assert all(split.holds_tested_out for split in found[pair].values()), pair
    return found


def choosing_parts(splits: Iterable[Split]) -> dict[str, Split]:
    """The splits that share a training, by the part of the first one whose items choose for each.

    That training sees the items that its splits test on only to choose the weights that are tested
    on others.
    """
    first, *others = splits
    found = {first.choosing_part: first}
    for other in others:
        assert set(other.train) == set(first.train), f"{other.name} is another training"
        assert other.holds_tested_out and first.holds_tested_out, f"{other.name} chooses as tested"
        assert (other.choose, other.test) == (first.test, first.choose), f"{other.name} mixes folds"
        found[first.part(other.choose[0])] = other
    return found


def parts_for(part: np.ndarray, chooser: str) -> np.ndarray:
    """The parts of a training's items, ``(items,)``, as the split sees them that one chooses for.

    ``part`` is as the first split of the training sees them; where those whom it tests choose for
    another split, that one tests those who choose for the first.
    """
    if chooser != TEST or CHOOSE not in part:
        return part
    return np.select([part == CHOOSE, part == TEST], [TEST, CHOOSE], part)


def by_tested_fold(splits: Mapping[str, Split]) -> dict[str, list[str]]:
    """Names of the splits that test the same people, by fold, in the order of the folds."""
    found: dict[tuple[str, ...], list[str]] = {}
    for name, split in splits.items():
        found.setdefault(split.test, []).append(name)
    return {f"fold{number}": names for number, names in enumerate(found.values())}


def chosen_together(splits: Mapping[str, Split]) -> list[list[str]]:
    """Names of the splits for which one architecture or hyperparameter is chosen together.

    In the paper's protocol these are all splits: the choice is made by those who are tested, as
    its tables do.  Where nobody who is tested chooses, they are those that test the same people:
    together they know everybody else.
    """
    if not all(split.holds_tested_out for split in splits.values()):
        return [list(splits)]
    return list(by_tested_fold(splits).values())
