"""One-time codes, sent to the phone or address an account is registered with. Source: OWASP ASVS 5.0 6.5, 6.6.

A code has six digits, is good for ten minutes, five tries and once; a newer one ends it. What is kept is its HMAC under the
installation's secret. Who asks for an unknown account is answered in the same words and the same time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from wishes.i18n import Language, Text
from wishes.model import columns
from wishes.people.tables import Account, OneTimeCode
from wishes.protection import passwords
from wishes.tracking.channels import Message

_Account, _Code = columns(Account), columns(OneTimeCode)

GOOD_FOR = timedelta(minutes=10)
MOST_TRIES = 5
PURPOSES = {"sign_in": Text("登录验证码", "Sign-in code"), "recover": Text("找回账号验证码", "Account recovery code")}
_BODY = Text(
    "{code}（{title}，10 分钟内有效）。不要告诉任何人，我们不会向您索要。",
    "{code} is your code ({title}), good for 10 minutes. Tell it to nobody; we never ask for it.",
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A code that is stored and has yet to leave: outside the transaction, by :func:`message`."""

    account_id: int
    login: str
    language: Language
    purpose: str
    number: int
    code: str


def prepare_code(session: Session, *, login: str, purpose: str, key: bytes, now: datetime) -> Prepared | None:
    """Store a new code for the account of *login*; None when there is none. Earlier codes for the same purpose end."""
    account = session.execute(
        sa.select(_Account.id, _Account.login, _Account.language).where(
            _Account.login == login.strip().lower(), _Account.active
        )
    ).one_or_none()
    if account is None:
        return None
    session.execute(
        sa.update(_Code)
        .where(_Code.account_id == account.id, _Code.purpose == purpose, _Code.used_at.is_(None))
        .values(used_at=now)
    )
    code = passwords.new_code()
    number = session.execute(
        sa.insert(_Code)
        .values(
            account_id=account.id,
            purpose=purpose,
            digest=passwords.code_digest(code, key=key, context=f"{purpose}:{account.id}"),
            created_at=now,
            expires_at=now + GOOD_FOR,
            tries=0,
        )
        .returning(_Code.id)
    ).scalar_one()
    return Prepared(account.id, account.login, "en" if account.language == "en" else "zh", purpose, int(number), code)


def message(prepared: Prepared, address: str) -> Message:
    """What is sent to *address*."""
    title = PURPOSES[prepared.purpose].say(prepared.language)
    return Message(
        f"code-{prepared.number}", address, title, _BODY.say(prepared.language, code=prepared.code, title=title)
    )


def take_code(session: Session, *, login: str, purpose: str, code: str, key: bytes, now: datetime) -> int | None:
    """The account's id when *code* is its newest, unused and in time; None otherwise, and the try is counted.

    Effects: a right code is spent. Counting and spending are one conditional UPDATE each, so that two requests cannot share a try.
    """
    found = session.execute(
        sa.select(_Code.id, _Code.account_id, _Code.digest)
        .join(Account, _Account.id == _Code.account_id)
        .where(
            _Account.login == login.strip().lower(),
            _Account.active,
            _Code.purpose == purpose,
            _Code.used_at.is_(None),
            _Code.expires_at > now,
            _Code.tries < MOST_TRIES,
        )
        .order_by(_Code.id.desc())
        .limit(1)
    ).one_or_none()
    if found is None:
        return None
    right = passwords.code_is_right(code, bytes(found.digest), key=key, context=f"{purpose}:{found.account_id}")
    counted = session.execute(
        sa.update(_Code)
        .where(_Code.id == found.id, _Code.used_at.is_(None), _Code.tries < MOST_TRIES)
        .values(tries=_Code.tries + 1, **({"used_at": now} if right else {}))
    )
    return int(found.account_id) if right and counted.rowcount == 1 else None  # type: ignore[attr-defined]
