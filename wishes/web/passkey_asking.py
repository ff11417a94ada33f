"""What a page asks a browser's passkeys, and the challenge that goes with it, kept in the browser's signed cookie until the answer."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import session

from wishes.clock import utc_now
from wishes.people import passkeys
from wishes.people.passkeys import Challenge, Party
from wishes.web.identity import database, settings

_KEPT = "passkey"
GOOD_FOR = timedelta(minutes=10)


def relying_party() -> Party | None:
    return passkeys.party_of(settings().base_url)


def _new_challenge(purpose: str) -> bytes:
    """A challenge for *purpose*; an earlier one of this browser ends."""
    value = secrets.token_bytes(32)
    session[_KEPT] = {"for": purpose, "value": value.hex(), "at": utc_now().timestamp()}
    return value


def take_challenge(purpose: str) -> Challenge | None:
    """The challenge that this browser was given for *purpose*; it is gone then. None: there is none, or it is too old."""
    kept = session.pop(_KEPT, None)
    if not isinstance(kept, dict) or kept.get("for") != purpose:
        return None
    given_at = datetime.fromtimestamp(float(kept["at"]), UTC)
    return None if utc_now() - given_at > GOOD_FOR else Challenge(bytes.fromhex(kept["value"]), given_at)


def ask_anybody() -> dict[str, Any] | None:
    """For the sign-in page: any passkey that tells whose it is. None where there are no passkeys."""
    party = relying_party()
    if party is None:
        return None
    with database().reading() as reading:
        return passkeys.options_to_prove(reading, party=party, challenge=_new_challenge("sign_in"))


def ask_for_step(account_id: int) -> dict[str, Any] | None:
    """For the second step: one of the account's own. None when it has none."""
    party = relying_party()
    with database().reading() as reading:
        if party is None or not passkeys.passkeys_of(reading, account_id):
            return None
        return passkeys.options_to_prove(
            reading, party=party, account_id=account_id, challenge=_new_challenge(f"step:{account_id}")
        )


def ask_to_add(account_id: int, login: str) -> dict[str, Any] | None:
    """For a new one."""
    party = relying_party()
    if party is None:
        return None
    with database().reading() as reading:
        return passkeys.options_to_add(
            reading, party=party, account_id=account_id, login=login, challenge=_new_challenge(f"add:{account_id}")
        )
