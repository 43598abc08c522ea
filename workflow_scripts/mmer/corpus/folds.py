"""Folds and splits: which actors are trained on and which are held out.

Source: paper section 3.1, the five groups of actors, published with the paper.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mmer.errors import UserError

PAPER_FOLDS: tuple[tuple[int, ...], ...] = (
    (2, 5, 14, 15, 16),
    (3, 6, 7, 13, 18),
    (10, 11, 12, 19, 20),
    (8, 17, 21, 23, 24),
    (1, 4, 9, 22),
)


@dataclass(frozen=True)
class Split:
    """Actors to train on and actors held out, disjoint by construction.

    A training job depends on a split and on nothing else of the protocol.
    """

    name: str
    train_actors: tuple[int, ...]
    heldout_actors: tuple[int, ...]

    def __post_init__(self) -> None:
        shared = set(self.train_actors) & set(self.heldout_actors)
        assert not shared, f"actors {sorted(shared)} on both sides of split {self.name}"
        assert self.train_actors and self.heldout_actors, f"split {self.name} has an empty side"

    @classmethod
    def from_json(cls, text: str) -> Split:
        """Read ``{"name", "train_actors", "heldout_actors"}``."""
        content = json.loads(text)
        return cls(
            content["name"], tuple(content["train_actors"]), tuple(content["heldout_actors"])
        )

    def part(self, actor: int) -> str:
        """``train`` or ``heldout``."""
        if actor in self.heldout_actors:
            return "heldout"
        assert actor in self.train_actors, f"actor {actor} is not in split {self.name}"
        return "train"


def read_splits(text: str) -> dict[str, Split]:
    """Read splits by name from JSON, as a command line gives them.

    Raises
    ------
    UserError
        If there is none.
    """
    described = json.loads(text)
    if not described:
        raise UserError("no split is given: name one in --splits")
    return {name: Split.from_json(json.dumps(split)) for name, split in described.items()}


def one_fold_out(folds: Sequence[Sequence[int]], actors: Iterable[int]) -> dict[str, Split]:
    """The paper's protocol: one split per fold, which holds that fold out.

    Parameters
    ----------
    folds
        Groups of actor numbers; each actor in exactly one.
    actors
        The actors of the corpus; fold members outside it are left out.

    Returns
    -------
    dict
        Splits by name, ``heldout0`` to ``heldout4`` for the paper's five folds.
    """
    present = set(actors)
    members = [tuple(sorted(actor for actor in fold if actor in present)) for fold in folds]
    return {
        f"heldout{index}": Split(
            name=f"heldout{index}",
            train_actors=tuple(sorted(present - set(heldout))),
            heldout_actors=heldout,
        )
        for index, heldout in enumerate(members)
    }
