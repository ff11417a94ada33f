"""Passkeys (WebAuthn level 2): a key in a phone, a computer or a token, bound to this installation's own address.

A passkey is a second step; one that asked for a fingerprint, a face or its PIN is both steps in one. No attestation is asked for: which
make of device people have is nobody's business here. A challenge is remembered by the browser that was given it (its signed cookie),
good for ten minutes and once: one that was given before the passkey's last use is refused. Source: OWASP ASVS 5.0 6.3.3, 6.5.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import SYSTEM, Actor
from wishes.errors import Invalid, NotFound
from wishes.i18n import Text
from wishes.model import columns
from wishes.people.tables import Account, Passkey
from wishes.protection.entries import note

_Account, _Passkey = columns(Account), columns(Passkey)
MOST = 10
NAME_LENGTH = 40
LONGEST_ANSWER = 16_384
_TRANSPORTS = ("internal", "hybrid", "usb", "nfc", "ble", "smart-card")


@dataclass(frozen=True, slots=True)
class Party:
    """Whom a passkey is for: the host and the origin of the installation's address."""

    host: str
    origin: str


@dataclass(frozen=True, slots=True)
class Challenge:
    """What was given to a browser to be signed, and when."""

    value: bytes
    given_at: datetime


@dataclass(frozen=True, slots=True)
class Listed:
    """A passkey as its owner sees it."""

    id: int
    name: str
    created_at: datetime
    used_at: datetime | None


def party_of(base_url: str) -> Party | None:
    """None where browsers have no passkeys: at an address of numbers, or without https (but for ``localhost``)."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        numbers = False
    else:
        numbers = True
    if numbers or not host or (parts.scheme != "https" and host != "localhost"):
        return None
    return Party(host, f"{parts.scheme}://{parts.netloc}")


def options_to_add(session: Session, *, party: Party, account_id: int, login: str, challenge: bytes) -> dict[str, Any]:
    """What the browser is asked for when a passkey is made: ``PublicKeyCredentialCreationOptions`` as JSON."""
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers import structs

    options = generate_registration_options(
        rp_id=party.host,
        rp_name="微心愿 Microwish",
        user_id=hashlib.sha256(f"microwish account\0{account_id}".encode()).digest(),
        user_name=login,
        challenge=challenge,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.PREFERRED,
            user_verification=structs.UserVerificationRequirement.PREFERRED,
        ),
        exclude_credentials=_descriptors(session, account_id),
    )
    made: dict[str, Any] = json.loads(options_to_json(options))
    return made


def options_to_prove(
    session: Session, *, party: Party, challenge: bytes, account_id: int | None = None
) -> dict[str, Any]:
    """``PublicKeyCredentialRequestOptions`` as JSON: one of the account's passkeys, or (None) any that tells whose it is."""
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers import structs

    need = structs.UserVerificationRequirement
    options = generate_authentication_options(
        rp_id=party.host,
        challenge=challenge,
        allow_credentials=[] if account_id is None else _descriptors(session, account_id),
        user_verification=need.REQUIRED if account_id is None else need.PREFERRED,
    )
    made: dict[str, Any] = json.loads(options_to_json(options))
    return made


def _descriptors(session: Session, account_id: int) -> list[Any]:
    from webauthn.helpers import structs

    rows = session.execute(
        sa.select(_Passkey.credential_id, _Passkey.transports)
        .where(_Passkey.account_id == account_id)
        .order_by(_Passkey.id)
    )
    return [
        structs.PublicKeyCredentialDescriptor(
            id=bytes(row.credential_id),
            transports=[structs.AuthenticatorTransport(each) for each in row.transports.split(",") if each],
        )
        for row in rows
    ]


def _not_accepted() -> Invalid:
    return Invalid("passkey", Text("通行密钥没有通过，请再试一次。", "The passkey was not accepted. Please try again."))


def add(
    session: Session,
    *,
    account_id: int,
    name: str,
    answer: str,
    party: Party,
    challenge: Challenge,
    now: datetime,
    actor: Actor = SYSTEM,
) -> None:
    """Keep the public half of a passkey that was just made. Raises Invalid, also for one that is known already."""
    from webauthn import verify_registration_response

    name = name.strip()[:NAME_LENGTH]
    if not name:
        raise Invalid("name", Text("请给通行密钥起个名字。", "Please give the passkey a name."))
    if len(_descriptors(session, account_id)) >= MOST:
        raise Invalid("name", Text("最多 {most} 个，请先删除一个。", "At most {most}: remove one first."), most=MOST)
    told = _read(answer)
    try:
        made = verify_registration_response(
            credential=told,
            expected_challenge=challenge.value,
            expected_rp_id=party.host,
            expected_origin=party.origin,
        )
    except _refusals() as error:
        raise _not_accepted() from error
    response = told.get("response")
    said = response.get("transports") if isinstance(response, dict) else None
    try:
        with session.begin_nested():
            session.execute(
                sa.insert(_Passkey).values(
                    account_id=account_id,
                    name=name,
                    credential_id=made.credential_id,
                    public_key=made.credential_public_key,
                    sign_count=made.sign_count,
                    transports=",".join(each for each in _TRANSPORTS if isinstance(said, list) and each in said),
                    created_at=now,
                )
            )
    except sa.exc.IntegrityError:
        raise _not_accepted() from None
    note(session, "passkey", actor=actor, now=now, account_id=account_id)


def prove(
    session: Session, *, answer: str, party: Party, challenge: Challenge, now: datetime, account_id: int | None = None
) -> int | None:
    """The account whose passkey signed *challenge*: *account_id*'s, or (None) anybody's whose device asked for its owner. None: nobody's.

    Effects: the passkey's counter and its last use. A challenge signs in once.
    """
    from webauthn import verify_authentication_response
    from webauthn.helpers import base64url_to_bytes

    try:
        told = _read(answer)
        number = base64url_to_bytes(str(told.get("rawId", "")))
    except (Invalid, ValueError):
        return None
    row = session.execute(
        sa.select(_Passkey.id, _Passkey.account_id, _Passkey.public_key, _Passkey.sign_count)
        .join(Account, _Account.id == _Passkey.account_id)
        .where(_Passkey.credential_id == number, _Account.active)
    ).one_or_none()
    if row is None or (account_id is not None and row.account_id != account_id):
        return None
    try:
        seen = verify_authentication_response(
            credential=told,
            expected_challenge=challenge.value,
            expected_rp_id=party.host,
            expected_origin=party.origin,
            credential_public_key=bytes(row.public_key),
            credential_current_sign_count=row.sign_count,
            require_user_verification=account_id is None,
        )
    except _refusals():
        return None
    used = session.execute(
        sa.update(_Passkey)
        .where(_Passkey.id == row.id, sa.or_(_Passkey.used_at.is_(None), _Passkey.used_at < challenge.given_at))
        .values(sign_count=seen.new_sign_count, used_at=now)
        .execution_options(synchronize_session=False)
    )
    return int(row.account_id) if used.rowcount == 1 else None  # type: ignore[attr-defined]


def _read(answer: str) -> dict[str, Any]:
    try:
        told = json.loads(answer) if len(answer) <= LONGEST_ANSWER else None
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise _not_accepted()
    return told


def _refusals() -> tuple[type[BaseException], ...]:
    """What the library says of an answer that is not one: its own errors, and those of the encodings it reads."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from webauthn.helpers.exceptions import WebAuthnException

    return (
        WebAuthnException, InvalidSignature, UnsupportedAlgorithm, ValueError, KeyError, TypeError, AttributeError,
        IndexError,
    )  # fmt: skip


def passkeys_of(session: Session, account_id: int) -> list[Listed]:
    rows = session.execute(
        sa.select(_Passkey.id, _Passkey.name, _Passkey.created_at, _Passkey.used_at)
        .where(_Passkey.account_id == account_id)
        .order_by(_Passkey.id)
    )
    return [Listed(*row) for row in rows]


def remove(session: Session, *, account_id: int, passkey_id: int, now: datetime, actor: Actor = SYSTEM) -> None:
    """Raises NotFound, also for another's."""
    gone = session.execute(
        sa.delete(_Passkey).where(_Passkey.id == passkey_id, _Passkey.account_id == account_id)
    ).rowcount  # type: ignore[attr-defined]
    if gone != 1:
        raise NotFound("这个通行密钥", "passkey")
    note(session, "no_passkey", actor=actor, now=now, account_id=account_id)
