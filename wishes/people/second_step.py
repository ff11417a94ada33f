"""The second step: a code from an authenticator application (RFC 6238), a passkey (:mod:`wishes.people.passkeys`), or one of ten spare
codes kept on paper.

The shared secret is sealed with a key derived from the installation's secret and bound to its account, so that a stolen database makes
no codes. A code is good once: the counter it was made from is kept, and only later ones are taken.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from datetime import datetime

import pyotp
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlmodel import Session

from wishes.access import SYSTEM, Actor, Role
from wishes.model import columns
from wishes.people.tables import Account, Passkey, SpareCode, WebSession
from wishes.protection.entries import note
from wishes.protection.passwords import secret_digest

_Account, _Passkey, _Spare, _WebSession = columns(Account), columns(Passkey), columns(SpareCode), columns(WebSession)

SEES_IDENTITIES = frozenset({Role.SOCIAL_WORKER, Role.COORDINATOR, Role.CAMPAIGN_ADMIN, Role.SITE_ADMIN})
"""Roles that may be shown who a child is: see :func:`wishes.access.may_see_identity` and the pages of the senders."""
STEP_S = 30
SPARE_CODES = 10
_NONCE = 12


def sees_identities(actor: Actor) -> bool:
    return any(grant.role in SEES_IDENTITIES for grant in actor.grants)


def code_key(secret_key: str) -> bytes:
    """The key of one-time codes."""
    return hashlib.sha256(f"microwish one-time codes\0{secret_key}".encode()).digest()


def _cipher(secret_key: str) -> AESGCM:
    return AESGCM(hashlib.sha256(f"microwish second step\0{secret_key}".encode()).digest())


def _seal(secret: str, *, account_id: int, secret_key: str) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + _cipher(secret_key).encrypt(nonce, secret.encode(), f"account:{account_id}:second_step".encode())


def _open(sealed: bytes, *, account_id: int, secret_key: str) -> str | None:
    try:
        return (
            _cipher(secret_key)
            .decrypt(sealed[:_NONCE], sealed[_NONCE:], f"account:{account_id}:second_step".encode())
            .decode()
        )
    except InvalidTag:  # the installation's secret was changed: the step has to be set up anew
        return None


def new_secret() -> str:
    """A shared secret of 160 bits in base32."""
    return pyotp.random_base32()


def address_of(secret: str, login: str) -> str:
    """The ``otpauth://`` address that an application reads from a QR code."""
    return str(pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name="微心愿 Microwish"))


def _counter(secret: str, code: str, now: datetime) -> int | None:
    """The counter that *code* was made from: of this half minute, the one before or the one after."""
    here = int(now.timestamp()) // STEP_S
    totp = pyotp.TOTP(secret)
    for counter in (here - 1, here, here + 1):
        if secrets.compare_digest(totp.generate_otp(counter), code):
            return counter
    return None


def has_codes(session: Session, account_id: int) -> bool:
    """Whether an authenticator application is set up."""
    return bool(
        session.execute(
            sa.select(_Account.id).where(_Account.id == account_id, _Account.second_step.is_not(None))
        ).first()
    )


def has_passkeys(session: Session, account_id: int) -> bool:
    return bool(session.execute(sa.select(_Passkey.id).where(_Passkey.account_id == account_id)).first())


def has_second_step(session: Session, account_id: int) -> bool:
    return has_codes(session, account_id) or has_passkeys(session, account_id)


def set_up(
    session: Session,
    *,
    account_id: int,
    secret: str,
    code: str,
    secret_key: str,
    now: datetime,
    actor: Actor = SYSTEM,
) -> list[str] | None:
    """Switch codes on when *code* shows that the application has the secret; answers the spare codes, once. None: wrong."""
    counter = _counter(secret, _digits(code), now)
    if counter is None:
        return None
    session.execute(
        sa.update(_Account)
        .where(_Account.id == account_id)
        .values(second_step=_seal(secret, account_id=account_id, secret_key=secret_key), second_step_used=counter)
    )
    note(session, "second_step", actor=actor, now=now, account_id=account_id)
    return new_spare_codes(session, account_id)


def new_spare_codes(session: Session, account_id: int) -> list[str]:
    """Ten new spare codes, readable; earlier ones end."""
    session.execute(sa.delete(_Spare).where(_Spare.account_id == account_id))
    spare = [f"{secrets.randbelow(10**12):012d}" for _ in range(SPARE_CODES)]
    session.execute(
        sa.insert(_Spare), [{"account_id": account_id, "digest": _spare_digest(account_id, code)} for code in spare]
    )
    return [f"{code[:4]} {code[4:8]} {code[8:]}" for code in spare]


def switch_off(session: Session, *, account_id: int, now: datetime, actor: Actor = SYSTEM) -> None:
    """Without a second step from now on: neither codes nor passkeys. For an account that is being recovered."""
    session.execute(sa.update(_Account).where(_Account.id == account_id).values(second_step=None, second_step_used=0))
    session.execute(sa.delete(_Spare).where(_Spare.account_id == account_id))
    session.execute(sa.delete(_Passkey).where(_Passkey.account_id == account_id))
    note(session, "no_second_step", actor=actor, now=now, account_id=account_id)


def take_step(session: Session, *, account_id: int, code: str, secret_key: str, now: datetime) -> bool:
    """Whether *code* is right; it is spent then. A spare code has twelve digits."""
    typed = _digits(code)
    if len(typed) == 12:
        spent = session.execute(
            sa.update(_Spare)
            .where(
                _Spare.account_id == account_id,
                _Spare.digest == _spare_digest(account_id, typed),
                _Spare.used_at.is_(None),
            )
            .values(used_at=now)
        )
        return bool(spent.rowcount == 1)  # type: ignore[attr-defined]
    sealed = session.execute(sa.select(_Account.second_step).where(_Account.id == account_id)).scalar()
    secret = None if sealed is None else _open(bytes(sealed), account_id=account_id, secret_key=secret_key)
    counter = None if secret is None else _counter(secret, typed, now)
    if counter is None:
        return False
    taken = session.execute(
        sa.update(_Account)
        .where(_Account.id == account_id, _Account.second_step_used < counter)
        .values(second_step_used=counter)
    )
    return bool(taken.rowcount == 1)  # type: ignore[attr-defined]


def halfway(session: Session, digest: bytes, now: datetime) -> tuple[int, str, str] | None:
    """Account id, login and what is awaited (``code``, ``setup``) of a browser between the two steps."""
    row = session.execute(
        sa.select(_Account.id, _Account.login, _WebSession.awaits)
        .join(WebSession, _WebSession.account_id == _Account.id)
        .where(
            _WebSession.secret_hash == digest,
            _WebSession.revoked_at.is_(None),
            _WebSession.expires_at > now,
            _WebSession.awaits != "",
            _Account.active,
        )
    ).one_or_none()
    return None if row is None else (int(row.id), str(row.login), str(row.awaits))


def _digits(code: str) -> str:
    return "".join(char for char in code if char.isdecimal())


def _spare_digest(account_id: int, code: str) -> bytes:
    return secret_digest(f"spare:{account_id}:{code}")
