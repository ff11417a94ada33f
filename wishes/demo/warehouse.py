"""What lies in the warehouse when the demonstration opens: bought, looked over once or twice, on shelves, in boxes, one load waiting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlmodel import Session

from wishes.access import Actor, Grant, Role
from wishes.custody.actions import buy, look_over
from wishes.custody.packing import load, new_box, new_shipment, pack, receive
from wishes.demo.job import Story, standing
from wishes.intake.wishes import Filter, list_wishes
from wishes.lifecycle import Kind, Status

LOOKING: Final = ("demo-inspector", "demo-coordinator")
"""The two accounts that look things over."""
_THINGS: Final = 45
_SHELVES: Final = ("A-1", "A-2", "B-1")


def fill_warehouse(story: Story, *, looking: Sequence[int]) -> None:
    """Every other claimed thing is bought; of these a third waits for its first look, a third for its second, a third is
    packed. *looking*: two accounts. Effects: as of the verbs, in one transaction."""
    first, second = (Actor(account_id, "demo", (Grant(Role.INSPECTOR, story.campaign_id),)) for account_id in looking)
    now = story.at(50)
    with story.database.transaction() as session:
        claimed = [wish.id for wish in standing(session, story, Status.CLAIMED) if wish.kind == Kind.GOODS]
        things = claimed[::2][:_THINGS]
        for number, wish_id in enumerate(things):
            buy(session, wish_id=wish_id, actor=story.coordinator, now=now)
            receive(session, wish_id=wish_id, shelf=_SHELVES[number % len(_SHELVES)], actor=first, now=now)
        looked = things[len(things) // 3 :]
        for wish_id in looked:
            look_over(session, wish_id=wish_id, actor=first, now=now)
        passed = looked[len(looked) // 2 :]
        for wish_id in passed:
            look_over(session, wish_id=wish_id, actor=second, now=now)
        boxes = _packed(session, story, passed, second, now)
        shipment = new_shipment(
            session, campaign_id=story.campaign_id, carrier="演示车队", route="第一条线", actor=second, now=now
        )
        load(session, shipment_id=shipment, box_ids=boxes[::2], campaign_id=story.campaign_id, actor=second)
    story.say(f"{len(things)} things in the warehouse, {len(passed)} of them in {len(boxes)} boxes")


def _packed(session: Session, story: Story, wish_ids: Sequence[int], actor: Actor, now: Any) -> list[int]:
    """A box for each community; answers their ids."""
    boxes: dict[int, int] = {}
    if not wish_ids:
        return []
    for wish in list_wishes(session, story.campaign_id, Filter(ids=tuple(wish_ids)), limit=len(wish_ids)).rows:
        if wish.community_id not in boxes:
            boxes[wish.community_id] = new_box(
                session, campaign_id=story.campaign_id, community_id=wish.community_id, actor=actor, now=now
            )
        pack(session, box_id=boxes[wish.community_id], wish_id=wish.id, actor=actor, now=now)
    return list(boxes.values())
