"""A guardian's consent that reached us after the workbook did: recorded with who gave it, how, when, and by whom it was noted.

Nothing is inferred: an empty cell or a plain no stays a refusal until a person says that they asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlmodel import Session

from wishes.access import Actor
from wishes.clock import local_day
from wishes.errors import Invalid
from wishes.events.actions import record
from wishes.i18n import Text
from wishes.intake.deciding import Resolved, accept, opened, settle_many, write
from wishes.intake.files import RowState, rows_for
from wishes.intake.shaping import CONFIRMED_BY
from wishes.intake.template_book import RELATIONS
from wishes.intake.understanding.model import Entry, Trace
from wishes.protection.keyring import Keyring

CONSENT_PROBLEMS = frozenset({"no_consent", "consent_unreadable"})
HOW = ("phone", "paper", "visit")
ORAL = "口头"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """How a consent was confirmed: by phone, on paper or at a visit, on which day, by whom (a relation, never a name)."""

    on: date
    how: str = "phone"
    giver: str = ""

    def checked(self, now: datetime) -> Confirmation:
        """Itself. Raises Invalid for a day in the future, an unknown way or relation."""
        if self.on > local_day(now):
            raise Invalid("on", Text("确认日期不能晚于今天。", "The day cannot lie in the future."))
        if self.how not in HOW:
            raise Invalid("how", Text("请选择怎样确认的。", "Choose how it was confirmed."))
        if self.giver not in ("", *RELATIONS):
            raise Invalid("giver", Text("请选择是谁同意的。", "Choose who consented."))
        return self

    def told(self) -> dict[str, str]:
        """For the event."""
        return {"on": self.on.isoformat(), "how": self.how, "giver": self.giver}

    def noted_in(self, entry: Entry) -> Entry:
        """A copy of the entry that has the consent."""
        text = " ".join(filter(None, (self.on.isoformat(), self.giver)))
        better = replace(
            entry,
            consent="yes",
            reasons=[code for code in entry.reasons if code not in CONSENT_PROBLEMS],
            doubts=[code for code in entry.doubts if code not in CONSENT_PROBLEMS],
        )
        better.traces = {**entry.traces, "consent": Trace(entry.cell, text, f"{CONFIRMED_BY}{self.how}", 1.0)}
        return better


def record_consent(
    session: Session, *, row_id: int, confirmation: Confirmation, keyring: Keyring, actor: Actor, now: datetime
) -> Resolved:
    """Note that the guardian of one entry consented. Without another problem it becomes a wish; else that remains.

    Raises Invalid (the day, or nothing is missing here), Forbidden, NotFound, Conflict.
    """
    run, row, entry = opened(session, row_id, keyring, actor, now)
    confirmation.checked(now)
    if row.status not in ("rejected", "parked") or not CONSENT_PROBLEMS & set(row.reasons):
        raise Invalid("row", Text("这条心愿不缺监护人同意。", "No consent is missing here."))
    better = confirmation.noted_in(entry)
    left = tuple(code for code in row.reasons if code not in CONSENT_PROBLEMS)
    record(
        session,
        action="record_consent",
        campaign_id=row.campaign_id,
        now=now,
        actor=actor,
        data={"row_id": row.id, "file_id": row.file_id, **confirmation.told()},
    )
    if left:
        write(session, run, row, row.status, left, better)
        return Resolved(row_id, row.status, left)
    return accept(session, run, row, better)


def confirm_consent(
    session: Session,
    *,
    file_id: int,
    on: date,
    keyring: Keyring,
    actor: Actor,
    now: datetime,
    said: str = ORAL,
    how: str = "phone",
) -> dict[str, int]:
    """Bulk rule: the guardians of all entries of a file whose consent cell holds *said* (口头同意) confirmed on a day.

    *said* ``""`` means the entries whose consent cell is empty, or whose file has no such column: for a list that was
    confirmed as a whole. A plain no is never touched. Entries without another problem become wishes; with the others the
    consent is noted and the rest remains. Answers counts: rows and wishes made, and ``left``.
    Raises Invalid for a day in the future, Forbidden, NotFound.
    """
    confirmation = Confirmation(on, how).checked(now)
    found = [
        (row, confirmation.noted_in(entry))
        for row, entry in rows_for(session, file_id, actor, keyring, statuses=("rejected", "parked"))
        if CONSENT_PROBLEMS & set(row.reasons) and _says(entry, said)
    ]
    alone = [pair for pair in found if set(pair[0].reasons) <= CONSENT_PROBLEMS]
    rest = [pair for pair in found if not set(pair[0].reasons) <= CONSENT_PROBLEMS]
    _note_all(session, rest, keyring, actor, now)
    told = {**confirmation.told(), "said": said, "left": len(rest)}
    counts = settle_many(session, "confirm_consent", alone, keyring, actor, now, told=told)
    return {**counts, "left": len(rest)}


_A_NO = re.compile(r"[不否无没拒未×✗xXnN]")


def may_be_confirmed(entry: Entry) -> bool:
    """Whether its consent cell leaves room for a consent: it is empty, or says something else than no."""
    return ORAL in entry.consent_text or not _A_NO.match(entry.consent_text.strip())


def _says(entry: Entry, said: str) -> bool:
    return may_be_confirmed(entry) and (said in entry.consent_text if said else not entry.consent_text.strip())


def _note_all(
    session: Session, rows: Sequence[tuple[RowState, Entry]], keyring: Keyring, actor: Actor, now: datetime
) -> None:
    for row, better in rows:
        run, _, _ = opened(session, row.id, keyring, actor, now)
        left = [code for code in row.reasons if code not in CONSENT_PROBLEMS]
        write(session, run, row, row.status, left, better)
