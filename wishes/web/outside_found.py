"""Whom WeChat or WeCom recognised in this browser a moment ago, until it is connected: kept in the browser's signed cookie, as digests.

It is kept for one account that is signed in, or for one invitation; nobody else can make use of it.
"""

from __future__ import annotations

from datetime import timedelta

from flask import session

from wishes.clock import utc_now
from wishes.protection.passwords import secret_digest

_KEPT = "outside-found"
GOOD_FOR = timedelta(minutes=10)


def keep_found(provider: str, digests: list[bytes], *, account_id: int | None, invitation: str) -> None:
    session[_KEPT] = {
        "provider": provider,
        "digests": [digest.hex() for digest in digests],
        "for": _whose(account_id, invitation),
        "until": (utc_now() + GOOD_FOR).timestamp(),
    }


def _whose(account_id: int | None, invitation: str) -> str:
    return f"invitation:{secret_digest(invitation).hex()}" if invitation else f"account:{account_id}"


def found_for(account_id: int | None, invitation: str) -> str:
    """The provider that recognised this browser for this account or invitation; empty: none did."""
    kept = session.get(_KEPT)
    good = (
        isinstance(kept, dict)
        and kept.get("for") == _whose(account_id, invitation)
        and float(kept["until"]) > utc_now().timestamp()
    )
    return str(kept["provider"]) if good else ""


def digests_found(account_id: int | None, invitation: str) -> tuple[str, list[bytes]]:
    """Provider and digests, for connecting them; empty when there are none."""
    provider = found_for(account_id, invitation)
    return provider, [bytes.fromhex(each) for each in session[_KEPT]["digests"]] if provider else []


def forget_found() -> None:
    session.pop(_KEPT, None)
