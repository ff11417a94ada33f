"""Taking what devices report: each scan on its own, once, and never dropped.

Every report becomes one row of :class:`~wishes.handover.tables.Scan`, whatever becomes of it, and is answered with what that
row says; sent again, under the same nonce and with the same content, it is answered the same. Guessing is counted per
parcel, device and address (see docs/handover.md for what a guesser may hope for).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, relations
from wishes.db import Database
from wishes.errors import MicrowishError, NotFound
from wishes.events.actions import reason_kept, record, wish_state
from wishes.handover import actions, devices
from wishes.handover.authorised import listed_as
from wishes.handover.clocks import dated, earliest_possible
from wishes.handover.proving import Held, WrongCode, find_label, is_typed, label_of_wish
from wishes.handover.reports import Report
from wishes.handover.tables import Label, Scan
from wishes.handover.tokens import PublicKeys, TokenSigner, read_code
from wishes.handover.verdicts import SENTENCES, OtherCampaign, ReusedNonce, RevokedDevice
from wishes.i18n import Language
from wishes.intake.tables import Child, Wish
from wishes.model import table_of
from wishes.people.actions import forgive, take_turn
from wishes.protection.vault import Erased, Vault, place, seal

_SCAN, _LABEL, _WISH, _CHILD = (table_of(each) for each in (Scan, Label, Wish, Child))
_NOTHING_FOUND: Final = dict.fromkeys(
    ("campaign_id", "wish_id", "claim_id", "label_id", "receiver_name", "receiver_id")
)
_OF_NONCE: Final = (
    sa.select(
        _SCAN.c.outcome,
        _SCAN.c.code,
        _SCAN.c.occurred_at,
        _SCAN.c.digest,
        _SCAN.c.account_id,
        _WISH.c.code.label("wish"),
    )
    .join(_WISH, _WISH.c.id == _SCAN.c.wish_id, isouter=True)
    .where(_SCAN.c.nonce == sa.bindparam("told_nonce"))
)
_LOCK: Final = sa.select(
    sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(sa.bindparam("told_nonce", type_=sa.Text), 0))
)
TOGETHER: Final = 25
"""So many scans share a transaction on SQLite: a write to disk costs as much as taking two, and others wait for no more than these."""
_TOLD: Final = {"confirmed": "accepted", "replay": "already", "duplicate": "already", "conflict": "conflict"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a device is told of one scan: ``accepted``, ``already``, ``conflict`` or ``refused``, and by which code.

    ``wish`` is the wish's public code where the reporter may know it. ``error`` is the refusal itself the first
    time; ``repeated``: this very scan was on record.
    """

    nonce: str
    outcome: str
    code: str
    wish: str | None
    occurred_at: datetime
    error: MicrowishError | None = None
    repeated: bool = False

    def sentence(self, language: Language) -> str:
        return SENTENCES.get(self.code or self.outcome, SENTENCES[self.outcome]).say(language)

    def told(self, language: Language) -> dict[str, Any]:
        """The answer as JSON."""
        return {
            "nonce": self.nonce,
            "outcome": self.outcome,
            "code": self.code,
            "sentence": self.sentence(language),
            "wish": self.wish,
            "occurred_at": self.occurred_at.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Desk:
    """Who takes reports, with which keys, and where they come from. ``channel`` is device, page or api."""

    actor: Actor
    signer: TokenSigner
    keys: PublicKeys
    vault: Vault
    address: str
    campaign_id: int | None = None
    channel: str = "device"

    def digest(self, report: Report, wish_id: int | None) -> bytes:
        """What makes a report this very report: a page says neither when it happened nor always which parcel it was."""
        if self.channel == "device":
            return report.digest
        told = report.model_dump_json(exclude={"sent_at", "occurred_at"})
        return hashlib.sha256(f"{wish_id} {told}".encode()).digest()


def take_batch(
    database: Database,
    reports: Sequence[Report],
    *,
    actor: Actor,
    signer: TokenSigner,
    keys: PublicKeys,
    vault: Vault,
    now: datetime,
    address: str,
    campaign_id: int | None = None,
) -> list[Answer]:
    """Take *reports* (at most :data:`~wishes.handover.reports.MOST_SCANS`: see ``read_reports``).

    *address* is where the request came from; *campaign_id* refuses parcels of any other campaign. Answers in the same order, after
    what they tell of is on disk. The same batch sent twice, also at once, gets the same answers. Raises Unavailable when the database
    went away; what was taken until then stays taken, and sending all of it again is safe.

    On PostgreSQL each scan is a transaction of its own: two batches that name the same parcels the other way round must not wait for each
    other, and commits of several requests share a write to disk. On SQLite, where who writes is alone, some share a transaction.
    """
    desk = Desk(actor, signer, keys, vault, address, campaign_id)
    # guesses of one batch are told apart; a clock is measured by when the request arrived
    timed = [(report, now + timedelta(microseconds=number)) for number, report in enumerate(reports)]
    at_once, answers = TOGETHER if database.on_sqlite else 1, []
    for start in range(0, len(timed), at_once):
        with database.transaction() as session:
            taken = [_take(session, report, desk, at, arrived=now) for report, at in timed[start : start + at_once]]
        answers += taken
    return answers


def take_one(database: Database, report: Report, *, desk: Desk, now: datetime, wish_id: int | None = None) -> Answer:
    """Take one report. *wish_id* stands in for the label on a page that shows the wish. Raises Unavailable.

    Effects: one scan row (none for a repeated one), and whatever the hand-over does.
    """
    with database.transaction() as session:
        return _take(session, report, desk, now, arrived=now, wish_id=wish_id)


def _take(
    session: Session, report: Report, desk: Desk, now: datetime, *, arrived: datetime, wish_id: int | None = None
) -> Answer:
    if session.get_bind().dialect.name == "postgresql":  # on SQLite the one who writes is alone
        session.execute(_LOCK, {"told_nonce": report.nonce})
    before, digest = _stored(session, report.nonce), desk.digest(report, wish_id)
    if before is None:
        return _Taking(session, report, desk, now, arrived, wish_id).made()
    if before.is_of(digest, desk.actor):
        return before.answer
    _note_reuse(session, report, digest, desk, now)
    return Answer(report.nonce, "refused", "nonce_reused", None, now, error=ReusedNonce())


def measured_skew(report: Report, now: datetime) -> int | None:
    """Seconds by which our clock is ahead of the device's; None when it did not say when it sent."""
    return None if report.sent_at is None else round((now - report.sent_at).total_seconds())


class _Taking:
    """One report being taken, within its transaction."""

    def __init__(
        self, session: Session, report: Report, desk: Desk, now: datetime, arrived: datetime, wish_id: int | None
    ) -> None:
        self.session, self.report, self.desk, self.now, self.wish_id = session, report, desk, now, wish_id
        self.typed = bool(report.recipient_code) and is_typed(report.recipient_code)
        self.happened = report.occurred_at + (timedelta(0) if report.sent_at is None else arrived - report.sent_at)
        self.skew_s = measured_skew(report, arrived)
        self.dated = dated(self.happened, earliest=None, now=now)
        self.device: devices.DeviceHere | None = None
        self.found: dict[str, Any] = {}
        self.held: Held | None = None
        self.error: MicrowishError | None = None
        self.contested = self.evidence = self.code = self.wish_code = ""

    def made(self) -> Answer:
        session, report, desk, now = self.session, self.report, self.desk, self.now
        if desk.channel == "device":
            self.device = devices.meet(
                session, uid=report.device_id, account_id=desk.actor.account_id, skew_s=self.skew_s, now=now
            )
        outcome = self._outcome()
        spent = desk.channel == "device" or outcome != "refused"  # on a page one corrects the input and sends it again
        row = {
            **_NOTHING_FOUND,
            **self.found,
            **self._received_by(),
            "nonce": report.nonce if spent else f"refused-{secrets.token_hex(16)}",
            "digest": desk.digest(report, self.wish_id),
            "action": report.action,
            "channel": desk.channel,
            "account_id": desk.actor.account_id,
            "device_id": self.device.id if self.device else None,
            "device_seq": report.device_seq if self.device else None,
            "device_at": report.occurred_at,
            "sent_at": report.sent_at,
            "skew_s": self.skew_s,
            "clock": self.dated.clock,
            "occurred_at": self.dated.at,
            "recorded_at": now,
            "outcome": outcome,
            "code": self.code,
            "evidence": self.evidence,
            "receiver": report.evidence.receiver,
            "place": report.evidence.place,
            "photo": report.evidence.photo,
            "reason": reason_kept(report.evidence.note),
        }
        session.execute(sa.insert(_SCAN), row)
        return Answer(report.nonce, outcome, self.code, self.wish_code or None, self.dated.at, self.error)

    def _outcome(self) -> str:
        """What is told. A refusal comes before any effect of the hand-over, so that nothing has to be taken back."""
        try:
            self._find()
            self.contested = self.dated.contested
            if self.device is not None and self.device.revoked_at is not None:
                if self.device.revoked_at <= self.dated.at:
                    raise RevokedDevice()
                self.contested = "device_revoked_meanwhile"
            if self.report.action != "hand_over":
                self._note_attempt()
                return "accepted"
            return self._hand_over() if not self.typed else self._hand_over_by_code()
        except MicrowishError as error:
            if error.status >= 500:
                raise
            self.error, self.code = error, error.code
            return "refused"

    def _hand_over_by_code(self) -> str:
        """With a typed code every try counts, for the device and for the address, until it was right."""
        read_code(self.report.recipient_code)
        guesser, address = f"{self.desk.actor.account_id} {self.report.device_id}", self.desk.address
        take_turn(self.session, login=guesser, address=address, now=self.now, purpose="receipt")
        try:
            told = self._hand_over()
        except WrongCode:
            self.session.execute(
                sa.update(_LABEL)
                .where(_LABEL.c.id == self.found["label_id"])
                .values(wrong_codes=_LABEL.c.wrong_codes + 1)
            )
            raise
        forgive(self.session, login=guesser, address=address, now=self.now, purpose="receipt")
        return told

    def _hand_over(self) -> str:
        report, desk = self.report, self.desk
        done = actions.hand_over(
            self.session,
            uid=report.nonce,
            actor=desk.actor,
            now=self.now,
            signer=desk.signer,
            keys=desk.keys,
            label=report.token,
            held=self.held,
            receipt="" if self.typed else report.recipient_code,
            receipt_code=report.recipient_code if self.typed else "",
            wish_id=self.wish_id,
            scanned_at=self.dated.at,
            campaign_id=desk.campaign_id,
            device_id=self.device.id if self.device else None,
            contested=self.contested,
            on_record=True,
        )
        self.evidence, self.code = done.evidence, done.code
        return _TOLD[done.state]

    def _find(self) -> None:
        """Whose parcel it is, and that the reporter has anything to do with it."""
        held = (
            find_label(self.session, self.report.token, keys=self.desk.keys)
            if self.report.token or self.wish_id is None
            else label_of_wish(self.session, self.wish_id)
        )
        state = wish_state(self.session, held.wish_id)
        if not relations(self.desk.actor, state.facts) & actions.MAY_REPORT:
            self.found = {"campaign_id": state.campaign_id, "label_id": held.id}
            raise NotFound("这个标签", "label")
        self.held = held
        self.found = {
            "campaign_id": state.campaign_id,
            "wish_id": state.id,
            "claim_id": held.claim_id,
            "label_id": held.id,
        }
        self.wish_code = actions.code_of(self.session, state.id)
        earliest = earliest_possible(self.session, claim_id=held.claim_id, label_id=held.id)
        self.dated = dated(self.happened, earliest=earliest, now=self.now)
        if self.desk.campaign_id is not None and state.campaign_id != self.desk.campaign_id:
            raise OtherCampaign()

    def _note_attempt(self) -> None:
        """Somebody stood at the door and came back with the parcel: the wish stays where it is, the story says so."""
        record(
            self.session,
            action="attempt",
            campaign_id=self.found["campaign_id"],
            wish_id=self.found["wish_id"],
            claim_id=self.found["claim_id"],
            actor=self.desk.actor,
            reason=self.report.evidence.note,
            data={"what": self.report.action},
            occurred_at=self.dated.at,
            now=self.now,
        )

    def _received_by(self) -> dict[str, Any]:
        """Who received it: the name closed with the child's key (erased with the child, and not kept of a child that is erased), and
        whose entry of the list it is, where somebody was listed beforehand."""
        name, wish_id = self.report.evidence.receiver_name, self.found.get("wish_id")
        if not name or wish_id is None:
            return {}
        vault = self.desk.vault
        child = self.session.execute(
            sa.select(_CHILD.c.id, _CHILD.c.data_key)
            .join(_WISH, _WISH.c.child_id == _CHILD.c.id)
            .where(_WISH.c.id == wish_id)
        ).one()
        try:
            key = vault.unwrap(child.data_key, aad=place("child", child.id, "data_key"))
        except Erased:
            return {}
        return {
            "receiver_name": seal({"name": name}, data_key=key, aad=place("scan", self.report.nonce, "receiver_name")),
            "receiver_id": listed_as(self.session, child.id, name, at=self.dated.at, vault=vault),
        }


@dataclass(frozen=True, slots=True)
class _Stored:
    """A scan that is on record, with what was told of it."""

    answer: Answer
    digest: bytes
    account_id: int | None

    def is_of(self, digest: bytes, actor: Actor) -> bool:
        return self.digest == digest and self.account_id == actor.account_id


def _stored(session: Session, nonce: str) -> _Stored | None:
    row = session.execute(_OF_NONCE, {"told_nonce": nonce}).one_or_none()
    if row is None:
        return None
    answer = Answer(nonce, row.outcome, row.code, row.wish, row.occurred_at, repeated=True)
    return _Stored(answer, bytes(row.digest), row.account_id)


def _note_reuse(session: Session, report: Report, digest: bytes, desk: Desk, now: datetime) -> None:
    """The nonce of another scan came with other content, or from somebody else: recorded once beside it, under a name made from
    the content. The scan that has the nonce stays as it is."""
    beside = "again-" + hashlib.sha256(report.nonce.encode() + digest).hexdigest()[:34]
    if _stored(session, beside) is not None:
        return
    session.execute(
        sa.insert(_SCAN).values(
            nonce=beside, digest=digest, action=report.action, channel=desk.channel, account_id=desk.actor.account_id,
            device_at=report.occurred_at, sent_at=report.sent_at, skew_s=measured_skew(report, now), clock="",
            occurred_at=now, recorded_at=now, outcome="refused", code="nonce_reused", evidence="", receiver="", place="",
            photo=False, reason="",
        )
    )  # fmt: skip
