"""A guardian's own way in: a link that runs out, and four digits that only the family knows. Behind it they see what is kept
of their child, put it right, withdraw their consent, or have it erased.

The link holds a random secret and nothing else; what is stored is its SHA-256. Source: PIPL art. 15, 31, 44-47.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import NOBODY, Actor, may_see_identity
from wishes.errors import Forbidden, Invalid, NotFound
from wishes.events.actions import record
from wishes.i18n import Text
from wishes.intake.sealing import open_identity, seal_identity
from wishes.intake.tables import Child, Wish
from wishes.model import table_of
from wishes.protection.approvals import ApprovalNeeded, live_access
from wishes.protection.consents import child_kept
from wishes.protection.entries import note
from wishes.protection.keyring import Keyring
from wishes.protection.passwords import new_secret, secret_digest
from wishes.protection.tables import GuardianLink
from wishes.protection.vault import Erased, JsonValue, Vault

_CHILD, _WISH, _LINK = table_of(Child), table_of(Wish), table_of(GuardianLink)
GOOD_FOR = timedelta(days=14)
MOST_TRIES = 5
LONGEST = {"name": 40, "guardian": 40, "village": 120, "school": 80, "birth": 10}
"""Fields that a guardian may put right, besides the phones, with their greatest length."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A link that is good."""

    id: int
    child_id: int
    campaign_id: int
    community_id: int
    alias: str
    expires_at: datetime


def make_link(session: Session, *, child_id: int, keyring: Keyring, actor: Actor, now: datetime) -> str:
    """Make a link for the guardian of a child and answer its secret, once. Earlier links of the child end.

    Raises NotFound, Erased, Invalid (no phone of the family is known, so nothing could prove who opens it).
    """
    child = child_kept(session, child_id, actor)
    if not _digits(_identity(session, child_id, keyring)):
        raise Invalid(
            "phone",
            Text(
                "没有登记监护人电话，不能发链接。请当面办理。",
                "No phone of the guardian is known: please settle it in person.",
            ),
        )
    session.execute(
        sa.update(_LINK).where(_LINK.c.child_id == child_id, _LINK.c.revoked_at.is_(None)).values(revoked_at=now)
    )
    secret = new_secret()
    session.execute(
        sa.insert(_LINK).values(
            child_id=child_id, secret_hash=secret_digest(secret), wrong_tries=0, created_by=actor.account_id, created_at=now,
            expires_at=now + GOOD_FOR,
        )
    )  # fmt: skip
    note(session, "guardian_link", actor=actor, now=now, campaign_id=child.campaign_id, child_id=child_id)
    return secret


def open_link(session: Session, secret: str, *, now: datetime) -> Opened:
    """Raises NotFound for a link that is unknown, over, used up by wrong tries, or of a child that was erased."""
    row = session.execute(
        sa.select(
            _LINK.c.id,
            _LINK.c.child_id,
            _CHILD.c.campaign_id,
            _CHILD.c.community_id,
            _CHILD.c.alias,
            _LINK.c.expires_at,
        )
        .join(_CHILD, _CHILD.c.id == _LINK.c.child_id)
        .where(
            _LINK.c.secret_hash == secret_digest(secret),
            _LINK.c.revoked_at.is_(None),
            _LINK.c.expires_at > now,
            _LINK.c.wrong_tries < MOST_TRIES,
            _CHILD.c.erased_at.is_(None),
        )
    ).one_or_none()
    if row is None:
        raise NotFound("这个链接，或它已失效", "link, or it has run out")
    return Opened(*row)


def prove(session: Session, link: Opened, digits: str, *, keyring: Keyring) -> bool:
    """Whether *digits* are the last four of a phone number of the family. A wrong try counts; commit it, too."""
    known = _digits(_identity(session, link.child_id, keyring))
    good = any([hmac.compare_digest(digits.strip().encode(), each.encode()) for each in known])
    if not good:
        session.execute(sa.update(_LINK).where(_LINK.c.id == link.id).values(wrong_tries=_LINK.c.wrong_tries + 1))
    return good


def seen_by_guardian(session: Session, link: Opened, *, keyring: Keyring, now: datetime) -> dict[str, JsonValue]:
    """All that is kept of the child. Recorded. Raises Erased."""
    identity = _identity(session, link.child_id, keyring)
    note(
        session, "look", actor=NOBODY, now=now, campaign_id=link.campaign_id, child_id=link.child_id,
        fields=sorted(identity), reason="guardian", data={"link_id": link.id},
    )  # fmt: skip
    return identity


def wishes_of(session: Session, child_id: int) -> list[Any]:
    """Id, code, item, status of each wish of the child."""
    return list(
        session.execute(
            sa.select(_WISH.c.id, _WISH.c.code, _WISH.c.item, _WISH.c.status)
            .where(_WISH.c.child_id == child_id)
            .order_by(_WISH.c.id)
        )
    )


def correct_identity(
    session: Session,
    *,
    child_id: int,
    changes: dict[str, Any],
    keyring: Keyring,
    now: datetime,
    actor: Actor = NOBODY,
    link: Opened | None = None,
    reason: str = "",
) -> list[str]:
    """Put right what is kept of a child, by its guardian (*link*) or by who may see it and says why; answers the changed fields.

    *changes* are fields of :data:`LONGEST` and ``phones`` (a list). Raises NotFound, ApprovalNeeded, Invalid, Erased. Effects: the
    sealed identity and the blind index, one event and one entry with the names of the fields.
    """
    approval = None
    if link is None:
        child = child_kept(session, child_id, actor)
        approval = live_access(session, account_id=actor.account_id, child_id=child_id, now=now)
        if not may_see_identity(actor, child.campaign_id, child.community_id, approved=approval is not None):
            raise ApprovalNeeded()
        if len(reason.strip()) < 2:
            raise Invalid("reason", Text("请写明为什么更正。", "Please say why you put it right."))
    elif link.child_id == child_id:
        child = child_kept(session, child_id)
    else:
        raise Forbidden(action="correct")
    known = _identity(session, child_id, keyring)
    changed = {field: value for field, value in _checked(changes).items() if value != known.get(field, _nothing(field))}
    if not changed:
        return []
    better = {field: value for field, value in {**known, **changed}.items() if value not in ("", [], None)}
    data_key = session.execute(sa.select(_CHILD.c.data_key).where(_CHILD.c.id == child_id)).scalar_one()
    sealed = seal_identity(Vault(keyring), child_id, better, data_key=data_key)
    session.execute(sa.update(_CHILD).where(_CHILD.c.id == child_id).values(**sealed))
    told = {"child_id": child_id, "fields": sorted(changed), "by": "guardian" if link else "staff"}
    record(session, action="correct_identity", campaign_id=child.campaign_id, now=now, actor=actor, data=told)
    note(
        session, "correct", actor=actor, now=now, campaign_id=child.campaign_id, child_id=child_id, fields=sorted(changed),
        reason="guardian" if link else reason, access_id=approval,
    )  # fmt: skip
    return sorted(changed)


def phones_in(text: str) -> list[str]:
    """The phone numbers in one line of a form."""
    return text.replace("，", " ").replace("、", " ").replace(",", " ").split()


def _nothing(field: str) -> Any:
    return [] if field == "phones" else ""


def _checked(changes: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field, longest in LONGEST.items():
        if field in changes:
            value = str(changes[field]).strip()
            if len(value) > longest:
                raise Invalid(field, Text("太长了。", "That is too long."))
            found[field] = value
    if found.get("name") == "":
        raise Invalid("name", Text("请填写姓名。", "Please give the name."))
    if birth := found.get("birth"):
        try:
            datetime.strptime(birth[:10], "%Y-%m-%d" if len(birth) > 7 else "%Y-%m")
        except ValueError:
            raise Invalid("birth", Text("日期请写成 2012-03-15 的样子。", "Write the date like 2012-03-15.")) from None
    if "phones" in changes:
        phones = [each for each in ("".join(filter(str.isdigit, str(p))) for p in changes["phones"]) if each]
        if any(not 7 <= len(each) <= 13 for each in phones):
            raise Invalid("phones", Text("请检查电话号码。", "Please check the phone number."))
        found["phones"] = phones
    return found


def _identity(session: Session, child_id: int, keyring: Keyring) -> dict[str, JsonValue]:
    row = session.execute(sa.select(_CHILD.c.data_key, _CHILD.c.identity).where(_CHILD.c.id == child_id)).one_or_none()
    if row is None or row.data_key is None:
        raise Erased()
    return open_identity(Vault(keyring), child_id, row.data_key, row.identity)


def _digits(identity: dict[str, JsonValue]) -> list[str]:
    phones = identity.get("phones")
    return [str(phone)[-4:] for phone in phones if len(str(phone)) >= 7] if isinstance(phones, list) else []
