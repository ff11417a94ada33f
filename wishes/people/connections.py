"""WeChat and WeCom connected to accounts: only by who is signed in to the account, or who joins by an invitation.

Nobody is recognised by a name or a phone number that a provider tells. What is kept is an HMAC under the installation's secret, so that
a copy of the database tells nobody's WeChat.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import SYSTEM, Actor
from wishes.errors import MicrowishError
from wishes.i18n import Text
from wishes.model import columns
from wishes.people.outside import Known
from wishes.people.tables import Account, OutsideIdentity
from wishes.protection.entries import note

_Account, _Outside = columns(Account), columns(OutsideIdentity)


class AlreadyConnected(MicrowishError):
    status, code = 409, "already_connected"
    title = Text("已经绑定", "Connected already")
    sentence = Text(
        "这个微信（或企业微信）已绑定另一个账号，或您的账号已绑定了另一个。请先解除原来的绑定。",
        "This WeChat (or WeCom) belongs to another account, or your account to another one. End the old connection first.",
    )


def digests_of(known: Known, secret_key: str) -> list[bytes]:
    """What is kept of it: one HMAC-SHA256 for each of its names."""
    key = hashlib.sha256(f"microwish outside identities\0{secret_key}".encode()).digest()
    return [hmac.digest(key, f"{known.provider}:{subject}".encode(), "sha256") for subject in known.subjects]


def account_of(session: Session, digests: Sequence[bytes], *, now: datetime) -> int | None:
    """The open account that this identity is connected to; None when there is none, or its names tell of two."""
    found = session.execute(
        sa.select(_Outside.account_id, _Account.active)
        .join(Account, _Account.id == _Outside.account_id)
        .where(_Outside.digest.in_(digests))
        .distinct()
    ).all()
    if len(found) != 1 or not found[0].active:
        return None
    session.execute(
        sa.update(_Outside)
        .where(_Outside.digest.in_(digests))
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    return int(found[0].account_id)


def connect(
    session: Session,
    *,
    account_id: int,
    provider: str,
    digests: Sequence[bytes],
    now: datetime,
    actor: Actor = SYSTEM,
) -> None:
    """Connect an identity to an account; connecting it again changes nothing. An account has one of each provider.

    Raises :class:`AlreadyConnected`: an identity never moves from one account to another by itself.
    """
    rows = session.execute(
        sa.select(_Outside.account_id, _Outside.provider, _Outside.digest).where(
            sa.or_(
                _Outside.digest.in_(digests),
                sa.and_(_Outside.account_id == account_id, _Outside.provider == provider),
            )
        )
    ).all()
    mine = {bytes(row.digest) for row in rows if row.account_id == account_id}
    if any(row.account_id != account_id for row in rows) or (mine and not mine & set(digests)):
        raise AlreadyConnected()
    fresh = [digest for digest in digests if digest not in mine]
    if not fresh:
        return
    try:
        with session.begin_nested():
            session.execute(
                sa.insert(_Outside),
                [
                    {"account_id": account_id, "provider": provider, "digest": digest, "connected_at": now}
                    for digest in fresh
                ],
            )
    except sa.exc.IntegrityError:  # somebody else connected it a moment ago
        raise AlreadyConnected() from None
    note(session, "connect", actor=actor, now=now, account_id=account_id, data={"provider": provider})


def disconnect(session: Session, *, account_id: int, provider: str, now: datetime, actor: Actor = SYSTEM) -> bool:
    """End the connection to *provider*; False when there is none."""
    gone = session.execute(
        sa.delete(_Outside).where(_Outside.account_id == account_id, _Outside.provider == provider)
    ).rowcount  # type: ignore[attr-defined]
    if gone:
        note(session, "disconnect", actor=actor, now=now, account_id=account_id, data={"provider": provider})
    return bool(gone)


def disconnect_all(session: Session, *, account_id: int, now: datetime, actor: Actor = SYSTEM) -> None:
    for provider in connected(session, account_id):
        disconnect(session, account_id=account_id, provider=provider, now=now, actor=actor)


def connected(session: Session, account_id: int) -> dict[str, datetime]:
    """Provider → since when."""
    rows = session.execute(
        sa.select(_Outside.provider, sa.func.min(_Outside.connected_at))
        .where(_Outside.account_id == account_id)
        .group_by(_Outside.provider)
    )
    return {str(provider): since for provider, since in rows}
