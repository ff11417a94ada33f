"""The papers of a year's audit in one folder: who looked at whom, what was approved, consents, erasures, checks, the chain.

Source: Regulations on the Protection of Minors in Cyberspace art. 37. Tables of ids, instants and counts; no identity.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from wishes.campaigns.tables import Campaign
from wishes.claims.tables import Volunteer
from wishes.clock import SHANGHAI, local
from wishes.events.tables import Event
from wishes.intake.tables import Child, Consent
from wishes.model import table_of
from wishes.people.tables import Account, RoleGrant
from wishes.protection.audit import export_lines, head_of
from wishes.protection.tables import AuditEntry, Concern, Erasure, IdentityAccess, LegalHold

_ENTRY, _EVENT, _ACCESS, _ACCOUNT = table_of(AuditEntry), table_of(Event), table_of(IdentityAccess), table_of(Account)
_WHOM = _ACCOUNT.alias("whom")
_CHILD, _CONSENT, _ERASURE, _HOLD = table_of(Child), table_of(Consent), table_of(Erasure), table_of(LegalHold)
_CONCERN, _CAMPAIGN, _VOLUNTEER, _GRANT = (
    table_of(Concern), table_of(Campaign), table_of(Volunteer), table_of(RoleGrant),
)  # fmt: skip


def audit_pack(
    session: Session, *, year: int, folder: Path, now: datetime, campaign_id: int | None = None
) -> dict[str, int]:
    """Write the pack of *year* (Beijing time) into *folder*, of one campaign or all; answers the rows of each file.

    Effects: CSV files with a byte order mark, ``chain.jsonl`` and ``summary.json`` with the SHA-256 of each.
    """
    start = datetime(year, 1, 1, tzinfo=SHANGHAI).astimezone(UTC)
    end = datetime(year + 1, 1, 1, tzinfo=SHANGHAI).astimezone(UTC)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def within(column: Any) -> Any:
        return sa.and_(column >= start, column < end)

    def ours(query: Any, column: Any) -> Any:
        return query if campaign_id is None else query.where(column == campaign_id)

    who = _ACCOUNT.c.login.label("who")
    queries: dict[str, Any] = {
        "looks": ours(
            sa.select(
                _ENTRY.c.id, _ENTRY.c.recorded_at, _ENTRY.c.campaign_id, who, _CHILD.c.alias, _ENTRY.c.file_id,
                _ENTRY.c.access_id, _ENTRY.c.fields, _ENTRY.c.reason, _ENTRY.c.request_id,
            )
            .outerjoin(_ACCOUNT, _ACCOUNT.c.id == _ENTRY.c.actor_id)
            .outerjoin(_CHILD, _CHILD.c.id == _ENTRY.c.child_id)
            .where(_ENTRY.c.kind == "look", within(_ENTRY.c.recorded_at))
            .order_by(_ENTRY.c.id),
            _ENTRY.c.campaign_id,
        ),
        "other_entries": ours(
            sa.select(
                _ENTRY.c.id, _ENTRY.c.recorded_at, _ENTRY.c.kind, _ENTRY.c.campaign_id, who, _WHOM.c.login.label("of_account"),
                _ENTRY.c.child_id, _ENTRY.c.reason, _ENTRY.c.data,
            )
            .outerjoin(_ACCOUNT, _ACCOUNT.c.id == _ENTRY.c.actor_id)
            .outerjoin(_WHOM, _WHOM.c.id == _ENTRY.c.account_id)
            .where(_ENTRY.c.kind != "look", within(_ENTRY.c.recorded_at))
            .order_by(_ENTRY.c.id),
            _ENTRY.c.campaign_id,
        ),
        "approvals": ours(
            sa.select(
                _ACCESS.c.id, _ACCESS.c.campaign_id, who, _ACCESS.c.purpose, _ACCESS.c.community_id, _ACCESS.c.child_id,
                _ACCESS.c.hours, _ACCESS.c.asked_at, _ACCESS.c.decided_by, _ACCESS.c.decided_at, _ACCESS.c.approved,
                _ACCESS.c.answer, _ACCESS.c.expires_at, _ACCESS.c.ended_at,
            )
            .join(_ACCOUNT, _ACCOUNT.c.id == _ACCESS.c.account_id)
            .where(within(_ACCESS.c.asked_at))
            .order_by(_ACCESS.c.id),
            _ACCESS.c.campaign_id,
        ),
        "consents": ours(
            sa.select(
                _CONSENT.c.id, _CHILD.c.campaign_id, _CHILD.c.alias, _CONSENT.c.basis, _CONSENT.c.giver, _CONSENT.c.scope,
                _CONSENT.c.given_at, _CONSENT.c.recorded_by, _CONSENT.c.withdrawn_at,
            )
            .join(_CHILD, _CHILD.c.id == _CONSENT.c.child_id)
            .where(sa.or_(within(_CONSENT.c.given_at), within(_CONSENT.c.withdrawn_at)))
            .order_by(_CONSENT.c.id),
            _CHILD.c.campaign_id,
        ),
        "erasures": ours(
            sa.select(
                _ERASURE.c.uid, _ERASURE.c.campaign_id, _ERASURE.c.child_id, _ERASURE.c.cause, _ERASURE.c.erased_at,
                _ERASURE.c.counts,
            ).where(within(_ERASURE.c.erased_at)),
            _ERASURE.c.campaign_id,
        ),
        "holds": ours(
            sa.select(
                _HOLD.c.id, _HOLD.c.campaign_id, _HOLD.c.child_id, _HOLD.c.reason, _HOLD.c.placed_at, _HOLD.c.lifted_at
            ).where(within(_HOLD.c.placed_at)),
            _HOLD.c.campaign_id,
        ),
        "concerns": ours(
            sa.select(_CONCERN.c.id, _CONCERN.c.campaign_id, _CONCERN.c.reported_at, _CONCERN.c.handled_at).where(
                within(_CONCERN.c.reported_at)
            ),
            _CONCERN.c.campaign_id,
        ),
        "roles": ours(
            sa.select(who, _GRANT.c.role, _GRANT.c.campaign_id, _GRANT.c.granted_at, _ACCOUNT.c.active)
            .join(_ACCOUNT, _ACCOUNT.c.id == _GRANT.c.account_id)
            .order_by(_GRANT.c.id),
            _GRANT.c.campaign_id,
        ),
        "checks": ours(
            sa.select(
                _VOLUNTEER.c.campaign_id, _VOLUNTEER.c.code, _VOLUNTEER.c.vetted_on, _VOLUNTEER.c.trained_on, _VOLUNTEER.c.active
            ).order_by(_VOLUNTEER.c.id),
            _VOLUNTEER.c.campaign_id,
        ),
    }  # fmt: skip
    counts, sums = {}, {}
    for name, query in queries.items():
        result = session.execute(query)
        counts[name] = _write(folder / f"{name}.csv", list(result.keys()), result)
        sums[f"{name}.csv"] = _sum(folder / f"{name}.csv")
    counts["chain"] = 0
    with open(folder / "chain.jsonl", "w", encoding="utf-8") as file:
        for line in export_lines(session):
            file.write(line + "\n")
            counts["chain"] += 1
    head = head_of(session)
    summary = {
        "year": year,
        "made_at": local(now).isoformat(),
        "campaigns": list(session.execute(ours(sa.select(_CAMPAIGN.c.slug), _CAMPAIGN.c.id)).scalars()),
        "rows": counts,
        "events_of_the_year": session.execute(
            ours(
                sa.select(sa.func.count()).select_from(_EVENT).where(within(_EVENT.c.recorded_at)), _EVENT.c.campaign_id
            )
        ).scalar_one(),
        "chain_ends_at": {"seq": head.seq, "mac": head.mac.hex()},
        "sha256": {**sums, "chain.jsonl": _sum(folder / "chain.jsonl")},
    }
    (folder / "summary.json").write_text(json.dumps(summary, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return counts


def _write(path: Path, heads: Sequence[str], rows: Iterable[Any]) -> int:
    number = 0
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(heads)
        for row in rows:
            writer.writerow([_cell(value) for value in row])
            number += 1
    return number


def _cell(value: Any) -> Any:
    """Instants in Beijing time; what a spreadsheet would take for a formula with a mark in front."""
    if isinstance(value, datetime):
        return local(value).isoformat(sep=" ", timespec="seconds")
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return "" if value is None else value


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
