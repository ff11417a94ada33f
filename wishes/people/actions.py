"""Verbs about accounts: make one, give it a role, sign in and out, make a token.

What changes who may do what is an entry of the record, with who did it: *actor* is the system for the command line and set-up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import SYSTEM, Actor, Role
from wishes.errors import Invalid, NotFound, SignInRefused, TooManyRequests
from wishes.i18n import Text
from wishes.model import columns
from wishes.people.tables import Account, ApiToken, OneTimeCode, RoleGrant, SignInAttempt, WebSession
from wishes.protection import passwords
from wishes.protection.entries import note

_Account = columns(Account)
_ApiToken = columns(ApiToken)
_OneTimeCode = columns(OneTimeCode)
_RoleGrant = columns(RoleGrant)
_SignInAttempt = columns(SignInAttempt)
_WebSession = columns(WebSession)

THROTTLE_WINDOW = timedelta(minutes=15)
THROTTLE_TRIES = {"login": (8, 60), "send": (5, 30), "receipt": (20, 60), "feedback": (5, 30)}
"""Most tries within the window for one account and from one address: to sign in, to have a code sent, and (one device) wrong receipt codes typed, or feedback codes."""


def create_account(
    session: Session,
    *,
    login: str,
    name: str,
    password: str = "",
    organisation_id: int | None = None,
    language: str = "zh",
    now: datetime,
    actor: Actor = SYSTEM,
) -> int:
    """Make an account and answer its id. An empty password means it cannot sign in by password. Raises Invalid."""
    login = _usable_login(session, login)
    hashed = _chosen(password, about=(login, name)) if password else ""
    made = session.execute(
        sa.insert(_Account)
        .values(
            login=login,
            name=name,
            password_hash=hashed,
            organisation_id=organisation_id,
            language=language,
            active=True,
            created_at=now,
        )
        .returning(_Account.id)
    )
    account_id = int(made.scalar_one())
    note(session, "make_account", actor=actor, now=now, account_id=account_id)
    return account_id


def _usable_login(session: Session, login: str) -> str:
    login = login.strip().lower()
    if not 2 <= len(login) <= 120 or any(c.isspace() for c in login):
        raise Invalid(
            "login", Text("账号需为 2–120 个字符，不含空格。", "A login has 2 to 120 characters and no spaces.")
        )
    if session.execute(sa.select(_Account.id).where(_Account.login == login)).first():
        raise Invalid("login", Text("这个账号已经存在。", "This login exists already."))
    return login


def grant_role(
    session: Session,
    *,
    account_id: int,
    role: Role,
    now: datetime,
    campaign_id: int | None = None,
    community_id: int | None = None,
    branch_id: int | None = None,
    volunteer_id: int | None = None,
    actor: Actor = SYSTEM,
) -> None:
    """Give a role; giving it again changes nothing."""
    values = {
        "account_id": account_id,
        "role": role,
        "campaign_id": campaign_id,
        "community_id": community_id,
        "branch_id": branch_id,
        "volunteer_id": volunteer_id,
    }
    same = [getattr(_RoleGrant, k).is_(None) if v is None else getattr(_RoleGrant, k) == v for k, v in values.items()]
    if not session.execute(sa.select(_RoleGrant.id).where(*same)).first():
        session.execute(sa.insert(_RoleGrant).values(**values, granted_at=now))
        _note_role(session, "grant_role", values, actor=actor, now=now)


def _note_role(session: Session, kind: str, grant: Mapping[str, Any], *, actor: Actor, now: datetime) -> None:
    told = {"role": str(grant["role"])} | {
        name: grant[name] for name in ("community_id", "branch_id", "volunteer_id") if grant[name] is not None
    }
    note(
        session, kind, actor=actor, now=now, campaign_id=grant["campaign_id"], account_id=grant["account_id"], data=told
    )


def _chosen(password: str, about: tuple[str, ...] = ()) -> str:
    """The hash of a password that may be chosen. Raises WeakPassword."""
    passwords.refuse_weak(password, about=about)
    return passwords.hash_password(password)


def revoke_role(session: Session, *, grant_id: int, now: datetime, actor: Actor = SYSTEM) -> None:
    """Take a role back, with effect from the next request. Raises NotFound."""
    gone = session.execute(
        sa.delete(_RoleGrant)
        .where(_RoleGrant.id == grant_id)
        .returning(
            _RoleGrant.account_id,
            _RoleGrant.role,
            _RoleGrant.campaign_id,
            _RoleGrant.community_id,
            _RoleGrant.branch_id,
            _RoleGrant.volunteer_id,
        )
    ).one_or_none()
    if gone is None:
        raise NotFound("这个角色", "role")
    _note_role(session, "revoke_role", gone._mapping, actor=actor, now=now)


def set_password(session: Session, *, account_id: int, password: str, now: datetime, actor: Actor = SYSTEM) -> None:
    """Set a new password and sign every browser out. Raises Invalid for one too short or too common."""
    session.execute(sa.update(_Account).where(_Account.id == account_id).values(password_hash=_chosen(password)))
    session.execute(sa.delete(_WebSession).where(_WebSession.account_id == account_id))
    note(session, "password", actor=actor, now=now, account_id=account_id)


def set_login(session: Session, *, account_id: int, login: str, now: datetime, actor: Actor = SYSTEM) -> None:
    """Change the phone, address or name an account signs in with; codes under way to the old one end. Raises Invalid, NotFound."""
    login = _usable_login(session, login)
    changed = session.execute(sa.update(_Account).where(_Account.id == account_id).values(login=login))
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound("这个账号", "account")
    session.execute(sa.delete(_OneTimeCode).where(_OneTimeCode.account_id == account_id))
    note(session, "login", actor=actor, now=now, account_id=account_id)


def set_active(session: Session, *, account_id: int, active: bool, now: datetime, actor: Actor = SYSTEM) -> None:
    """Close or reopen an account; closing takes effect with the next request."""
    if session.execute(sa.update(_Account).where(_Account.id == account_id).values(active=active)).rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound("这个账号", "account")
    note(session, "reopen_account" if active else "close_account", actor=actor, now=now, account_id=account_id)


def take_turn(session: Session, *, login: str, address: str, now: datetime, purpose: str = "login") -> None:
    """Count one try for this login and from this address before it is looked at; :func:`forgive` it when it was right.

    Raises TooManyRequests after too many within :data:`THROTTLE_WINDOW`. Counted in the database and under a lock, so that no more
    get through when many are made at once to many processes. Source: OWASP ASVS 5.0 6.3.1, 6.6.3.
    """
    keys = _throttle_keys(login, address, purpose)
    if session.get_bind().dialect.name == "postgresql":  # on SQLite the one who writes is alone
        for key in sorted(key for key, _ in keys):
            session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(key, 0))))
    for key, most in keys:
        made = session.execute(
            sa.select(sa.func.count())
            .select_from(_SignInAttempt)
            .where(_SignInAttempt.key == key, _SignInAttempt.at > now - THROTTLE_WINDOW)
        ).scalar_one()
        if made >= most:
            raise TooManyRequests(seconds=int(THROTTLE_WINDOW.total_seconds()))
    session.execute(sa.insert(_SignInAttempt), [{"key": key, "at": now} for key, _ in keys])


def forgive(session: Session, *, login: str, address: str, now: datetime, purpose: str = "login") -> None:
    """Take the try of *now* back: it was right."""
    keys = [key for key, _ in _throttle_keys(login, address, purpose)]
    session.execute(sa.delete(_SignInAttempt).where(_SignInAttempt.key.in_(keys), _SignInAttempt.at == now))


def _throttle_keys(login: str, address: str, purpose: str) -> list[tuple[str, int]]:
    most_login, most_address = THROTTLE_TRIES[purpose]
    return [(_throttle_key(purpose, login), most_login), (_throttle_key(f"{purpose}@", address), most_address)]


def _throttle_key(kind: str, value: str) -> str:
    return f"{kind}:{hashlib.sha256(value.strip().lower().encode()).hexdigest()[:40]}"


def check_password(session: Session, *, login: str, password: str) -> int:
    """The account's id when the password is right; SignInRefused otherwise, after the same work for unknown logins."""
    row = session.execute(
        sa.select(_Account.id, _Account.password_hash).where(_Account.login == login.strip().lower(), _Account.active)
    ).one_or_none()
    check = passwords.check_password(password, (row.password_hash or None) if row else None)
    if row is None or not check.right:
        raise SignInRefused()
    return int(row.id)


def open_session(
    session: Session, *, account_id: int, now: datetime, hours: float, user_agent: str = "", awaits: str = ""
) -> str:
    """Sign a browser in; the answer is the cookie's secret, kept nowhere else. *awaits* ``code`` or ``setup``: the second step is
    still to be made, and until then the browser is nobody's."""
    secret = passwords.new_secret()
    session.execute(
        sa.insert(_WebSession).values(
            secret_hash=passwords.secret_digest(secret),
            account_id=account_id,
            created_at=now,
            expires_at=now + timedelta(hours=hours),
            user_agent=user_agent[:200],
            awaits=awaits,
        )
    )
    return secret


def close_session(
    session: Session, *, account_id: int, now: datetime, secret_hash: bytes | None = None, session_id: int | None = None
) -> None:
    """Sign a browser out, this one or another of the same account."""
    which = _WebSession.secret_hash == secret_hash if secret_hash else _WebSession.id == session_id
    session.execute(sa.update(_WebSession).where(_WebSession.account_id == account_id, which).values(revoked_at=now))


def create_token(
    session: Session, *, account_id: int, name: str, now: datetime, days: int | None = 90, actor: Actor = SYSTEM
) -> str:
    """Make an API token and answer it, once."""
    secret = "mw_" + passwords.new_secret()
    session.execute(
        sa.insert(_ApiToken).values(
            account_id=account_id,
            name=name[:80],
            secret_hash=passwords.secret_digest(secret),
            created_at=now,
            expires_at=None if days is None else now + timedelta(days=days),
        )
    )
    note(session, "token", actor=actor, now=now, account_id=account_id)
    return secret


def revoke_tokens(
    session: Session, *, account_id: int, now: datetime, actor: Actor = SYSTEM, token_id: int | None = None
) -> None:
    """End one of the account's API tokens, or all of them, from the next request on; ending what is over changes nothing."""
    which = [_ApiToken.account_id == account_id, _ApiToken.revoked_at.is_(None)]
    if token_id is not None:
        which.append(_ApiToken.id == token_id)
    ended = session.execute(
        sa.update(_ApiToken).where(*which).values(revoked_at=now).execution_options(synchronize_session=False)
    )
    if ended.rowcount:  # type: ignore[attr-defined]
        note(session, "no_token", actor=actor, now=now, account_id=account_id, data={"tokens": ended.rowcount})
