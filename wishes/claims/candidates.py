"""What the matching engine is shown: the wishes to place and the takers with room, as arrays. No name of anybody is in it.

Takers are the campaign's branches first, then its people; a person of a branch has the branch as parent, so that both
limits hold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

NEEDS: Final = ("none", "vetted", "psych")
NEVER: Final = 1e9
"""Days since somebody was asked who never was."""


@dataclass(frozen=True)
class Wishes:
    """W wishes in the order of their ids: the open ones, and the standing proposals where a run may move them.

    place, county, category, community: indices into the words of :class:`Candidates`. need: index into :data:`NEEDS`.
    current: the taker it is proposed to now, -1 = none.
    """

    ids: Ints
    place: Ints
    county: Ints
    category: Ints
    community: Ints
    need: Ints
    goods: Mask
    price_fen: Ints
    household: Ints
    priority: Ints
    waited_days: Floats
    current: Ints

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def spend_fen(self) -> Ints:
        """What each takes from a budget: goods cost, company does not."""
        return np.where(self.goods, self.price_fen, 0)


@dataclass(frozen=True)
class Takers:
    """B branches, then V people. ``branch_ids``/``volunteer_ids`` hold -1 where a taker is not one.

    areas, liked, refused, had: (T, counties) and (T, categories). parent: index of the branch, -1 = none.
    count_cap, spend_cap: what is left of the pledge. pledged: 0 = no limit.
    """

    branch_ids: Ints
    volunteer_ids: Ints
    parent: Ints
    count_cap: Ints
    spend_cap: Ints
    used: Ints
    pledged: Ints
    lapses: Ints
    asked_days: Floats
    place: Ints
    county: Ints
    anywhere: Mask
    areas: Mask
    liked: Mask
    refused: Mask
    had: Ints
    buys: Mask
    vetted: Mask
    qualified: Mask
    trained: Mask

    def __len__(self) -> int:
        return len(self.branch_ids)


@dataclass(frozen=True)
class Candidates:
    """Everything a run decides from. lat, lon: (P,) degrees of the places; the last one is the campaign's middle.

    not_wish, not_taker: pairs that may not be, because that taker declined or gave back that wish. paired_taker,
    paired_community: who served which community before.
    """

    wishes: Wishes
    takers: Takers
    counties: tuple[str, ...]
    categories: tuple[str, ...]
    lat: Floats
    lon: Floats
    not_wish: Ints
    not_taker: Ints
    paired_taker: Ints
    paired_community: Ints
    communities: Ints


def only(candidates: Candidates, kept: Mask) -> Candidates:
    """The same with some of the wishes (W,) only; the takers stay."""
    at = np.full(len(kept), -1, dtype=np.int64)
    at[kept] = np.arange(int(kept.sum()))
    held = kept[candidates.not_wish]
    wishes = Wishes(**{name: getattr(candidates.wishes, name)[kept] for name in Wishes.__dataclass_fields__})
    return replace(
        candidates, wishes=wishes, not_wish=at[candidates.not_wish[held]], not_taker=candidates.not_taker[held]
    )
