"""Verbs after the hand-over: say how it went, say that it never came, pass thanks on to the giver.

Whatever is written is screened with what is known of the child before it is stored: the screen masks names, schools,
addresses and numbers, and a person still reads words of thanks before the giver does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, By, Grant, Role, relations
from wishes.claims.actions import live_claim_id, step
from wishes.errors import Forbidden, Invalid, NotFound
from wishes.events.actions import WishState, record, wish_state
from wishes.feedback.tables import Feedback
from wishes.i18n import Text
from wishes.intake.sealing import open_identity
from wishes.intake.tables import Child
from wishes.lifecycle import FINISHED, Status
from wishes.model import table_of
from wishes.protection.keyring import Keyring
from wishes.protection.screening import Screened, screen
from wishes.protection.vault import Erased, Vault
from wishes.tracking.directory import Audience, Concerned, Directory
from wishes.tracking.notices import Posting, post

_CHILD, _FEEDBACK = table_of(Child), table_of(Feedback)
LONGEST_WORDS: Final = 500
LONGEST_THANKS: Final = 200
MOST_OF_A_SIDE: Final = 10  # answers to one wish: a link that got about must not fill the desk
_PLACE_IN_FRONT: Final = re.compile(r"^.{1,12}?(?:镇|乡|街道)(?=.{2})")
"""A family says 前溪小学 where the register has 径山镇前溪小学."""
NEVER_CAME: Final = "never_came"


@dataclass(frozen=True, slots=True)
class Said:
    """What one side says. *thanks* are for the giver; all but *side* may be left out, and not all of them."""

    side: str
    stars: int | None = None
    words: str = ""
    thanks: str = ""
    link_id: int | None = None


def give_feedback(session: Session, *, wish_id: int, said: Said, actor: Actor, keyring: Keyring, now: datetime) -> int:
    """Keep how it went; answers the row's id.

    Raises Invalid (nothing said, stars beyond 1–5, words too long, ten answers already) and NotFound before the wish
    arrived. Effects: one row and one event; the receiving side's stars close a delivered wish; words of thanks wait
    for somebody to read them, who is told.
    """
    state = _arrived(session, wish_id)
    if said.stars is not None and not 1 <= said.stars <= 5:
        raise Invalid("stars", Text("请选 1 到 5 颗星。", "Choose one to five stars."))
    words, thanks = _kept(session, state, said, keyring)
    if said.stars is None and not words.text and not thanks.text:
        raise Invalid("stars", Text("请选星或写几个字。", "Choose stars or write a few words."))
    _not_too_many(session, wish_id, said.side)
    row_id = _insert(
        session, state, said, now, actor, arrived=True, stars=said.stars, words=words.text, thanks=thanks.text,
        thanks_state="waiting" if thanks.text else "none", masked=len(words.found) + len(thanks.found),
    )  # fmt: skip
    record(
        session, action="feedback", campaign_id=state.campaign_id, wish_id=wish_id, actor=actor, now=now,
        data={"feedback_id": row_id, "side": said.side, "stars": said.stars},
    )  # fmt: skip
    if state.status is Status.DELIVERED and said.side != "taker" and said.stars is not None:
        step(session, "close", wish_id=wish_id, actor=_for_the_community(state, actor), now=now, rating=said.stars)
    if thanks.text:
        _tell(session, state, Audience.COMMUNITY, "thanks_waiting", row_id, now=now)
    return row_id


def report_missing(session: Session, *, wish_id: int, said: Said, actor: Actor, keyring: Keyring, now: datetime) -> int:
    """Keep that it never came although it is said to have; answers the row's id.

    Raises Invalid for a wish that nobody said was delivered: then there is nothing to dispute, it is still on its way.
    Effects: one row; the wish is disputed, its clock runs again, and taker, community and coordinators are told.
    Saying so twice disputes once.
    """
    state = wish_state(session, wish_id)
    if state.status not in (*FINISHED, Status.DISPUTED):
        raise Invalid(
            "words",
            Text(
                "这份心愿还没有登记送达，仍在路上。", "Nobody has said that this was delivered: it is still on its way."
            ),
        )
    words, _ = _kept(session, state, said, keyring)
    _not_too_many(session, wish_id, said.side)
    row_id = _insert(
        session, state, said, now, actor, arrived=False, words=words.text, masked=len(words.found), thanks_state="none",
        stars=None, thanks="",
    )  # fmt: skip
    if state.status is not Status.DISPUTED:
        step(
            session, "dispute", wish_id=wish_id, actor=_for_the_community(state, actor), now=now, reason=NEVER_CAME,
        )  # fmt: skip
    return row_id


def decide_thanks(
    session: Session, *, feedback_id: int, approve: bool, words: str, actor: Actor, keyring: Keyring, now: datetime
) -> bool:
    """Pass words of thanks on to the giver, as they are or put better, or keep them back; False when it was decided before.

    Raises NotFound for a wish that is not one's to look after, Forbidden for one's own words, Invalid for none.
    Effects: the row, one event, a notice to the giver when they are passed on.
    """
    row = session.execute(sa.select(_FEEDBACK).where(_FEEDBACK.c.id == feedback_id)).one_or_none()
    if row is None:
        raise NotFound("这条感谢", "message of thanks")
    state = wish_state(session, row.wish_id)
    if not relations(actor, state.facts) & {By.COMMUNITY, By.COORDINATOR}:
        raise NotFound("这条感谢", "message of thanks")
    if row.account_id is not None and row.account_id == actor.account_id:
        raise Forbidden(action="approve_own_thanks")
    shown = _screened(session, state, words.strip()[:LONGEST_THANKS], keyring)
    if approve and not shown.text:
        raise Invalid("words", Text("感谢的话不能是空的。", "There are no words to pass on."))
    changed: Any = session.execute(
        sa.update(_FEEDBACK)
        .where(_FEEDBACK.c.id == feedback_id, _FEEDBACK.c.thanks_state == "waiting")
        .values(
            thanks_state="approved" if approve else "withheld", thanks=shown.text if approve else row.thanks,
            decided_by=actor.account_id, decided_at=now,
        )
    )  # fmt: skip
    if changed.rowcount != 1:
        return False
    record(
        session, action="thanks" if approve else "no_thanks", campaign_id=state.campaign_id, wish_id=state.id, actor=actor,
        now=now, data={"feedback_id": feedback_id},
    )  # fmt: skip
    if approve:
        _tell(session, state, Audience.TAKER, "thanks", feedback_id, now=now)
    return True


def side_of(actor: Actor, state: WishState) -> str:
    """On whose side *actor* answers who is signed in. Raises NotFound for who is on none."""
    standing = relations(actor, state.facts)
    if By.COMMUNITY in standing:
        return "community"
    if By.TAKER in standing:
        return "taker"
    raise NotFound("这个心愿", "wish")


def _arrived(session: Session, wish_id: int) -> WishState:
    state = wish_state(session, wish_id)
    if state.status not in (*FINISHED, Status.DISPUTED):
        raise Invalid("words", Text("送达之后才能评价。", "You can say how it went once it has arrived."))
    return state


def _kept(session: Session, state: WishState, said: Said, keyring: Keyring) -> tuple[Screened, Screened]:
    words, thanks = said.words.strip(), said.thanks.strip()
    for field, text, longest in (("words", words, LONGEST_WORDS), ("thanks", thanks, LONGEST_THANKS)):
        if len(text) > longest:
            raise Invalid(field, Text("最多 {n} 个字。", "At most {n} characters."), n=longest)
    return _screened(session, state, words, keyring), _screened(session, state, thanks, keyring)


def _screened(session: Session, state: WishState, words: str, keyring: Keyring) -> Screened:
    if not words:
        return Screened("", ())
    child = session.execute(sa.select(_CHILD.c.data_key, _CHILD.c.identity).where(_CHILD.c.id == state.child_id)).one()
    try:
        known = open_identity(Vault(keyring), state.child_id, child.data_key, child.identity)
    except Erased:
        return Screened("", ())  # nothing tells any more what would have to be masked
    told = {name: [str(value)] for name, value in known.items() if isinstance(value, str) and value}
    return screen(
        words,
        names=[*told.get("name", []), *told.get("guardian", [])],
        schools=[form for school in told.get("school", []) for form in {school, _PLACE_IN_FRONT.sub("", school)}],
        addresses=[*told.get("village", []), *told.get("town", [])],
    )


def _not_too_many(session: Session, wish_id: int, side: str) -> None:
    said = session.execute(
        sa.select(sa.func.count())
        .select_from(_FEEDBACK)
        .where(_FEEDBACK.c.wish_id == wish_id, _FEEDBACK.c.side == side)
    ).scalar_one()
    if said >= MOST_OF_A_SIDE:
        raise Invalid(
            "words",
            Text(
                "已经收到很多条了，请直接联系社区。", "There are many answers already: please speak to the community."
            ),
        )


def _insert(session: Session, state: WishState, said: Said, now: datetime, actor: Actor, **values: Any) -> int:
    made = session.execute(
        sa.insert(_FEEDBACK)
        .values(
            campaign_id=state.campaign_id, wish_id=state.id, claim_id=live_claim_id(session, state.id), side=said.side,
            link_id=said.link_id, account_id=actor.account_id, given_at=now, **values,
        )
        .returning(_FEEDBACK.c.id)
    )  # fmt: skip
    return int(made.scalar_one())


def _for_the_community(state: WishState, actor: Actor) -> Actor:
    """Who answers by a code has no account; what they say moves the wish as if their community had said it."""
    grant = Grant(Role.SOCIAL_WORKER, state.campaign_id, community_id=state.community_id)
    return Actor(actor.account_id, "feedback", (grant,))


def _tell(session: Session, state: WishState, whom: Audience, kind: str, row_id: int, *, now: datetime) -> None:
    concerned = Concerned(state.campaign_id, state.community_id, state.taker_volunteer_id, state.taker_branch_id)
    accounts = Directory(session, [concerned]).accounts(whom, concerned)
    post(
        session,
        [Posting(f"{kind}:{row_id}:{each}", state.campaign_id, kind, each) for each in sorted(accounts)],
        now=now,
    )
