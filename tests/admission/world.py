"""Objects of one's own and of others, made for a single question, and requests that name them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlmodel import Session, col
from werkzeug.routing import Rule

from tests.admission.someone import Named, Someone
from tests.custody.photographs import small_photograph
from tests.factories import Place, code_of, insert, make_account, make_wish, number
from tests.web.people import grants_of
from wishes.access import NOBODY, Actor, Grant, Role
from wishes.claims.tables import Branch, Claim, ClaimState, MatchRun, Proposal, Volunteer
from wishes.clock import utc_now
from wishes.custody.pictures import Photo, keep
from wishes.custody.tables import AddedCheck, Box, Inspection, Look, Shipment, StockCount
from wishes.db import Database
from wishes.feedback.actions import Said, give_feedback
from wishes.feedback.links import make_link
from wishes.handover.actions import issue_codes
from wishes.handover.authorised import list_receiver
from wishes.handover.keys import signing_keys
from wishes.handover.photos import keep_photo
from wishes.handover.tables import Device, Scan, ScanPhoto
from wishes.intake.sealing import seal_entry, seal_identity
from wishes.intake.tables import Child, Consent, Household, ImportFile, ImportRow, TaughtColumn, TaughtWord, Wish
from wishes.intake.understanding.model import Entry
from wishes.lifecycle import MOVES, Kind, Status
from wishes.people.actions import create_token, open_session
from wishes.people.tables import ApiToken, Invitation, Passkey, Recovery, WebSession
from wishes.printing.tables import DRAWER, PrintJob
from wishes.protection.concerns import report
from wishes.protection.keyring import read_keyring
from wishes.protection.passwords import secret_digest
from wishes.protection.pictures import keep_sealed
from wishes.protection.tables import IdentityAccess
from wishes.protection.vault import Vault
from wishes.settings import Settings
from wishes.tracking.tables import Clock, Notice, SharedView

_numbers = itertools.count(1)
_TAKEN = {
    Status.CLAIMED,
    Status.SCHEDULED,
    Status.READY,
    Status.INSPECTED,
    Status.IN_TRANSIT,
    Status.DELIVERED,
    Status.DISPUTED,
    Status.CLOSED,
}


class World:
    """Two campaigns with everybody in them, and whatever an address can name."""

    def __init__(self, app: Flask, settings: Settings, here: Place, elsewhere: Place) -> None:
        self.app, self.settings, self.here, self.elsewhere = app, settings, here, elsewhere
        self.database: Database = app.extensions["microwish.database"]
        self.keyring = read_keyring(settings.keys_dir)
        with self.database.transaction() as session:  # hands full enough to give back, and free enough to take
            session.execute(sa.update(Volunteer).values(claim_limit=60, live_claims=30))
            session.execute(sa.update(Branch).values(used_count=200, used_fen=2 * 10**7))

    def person(self, role: Role | None) -> Someone:
        """Somebody of the campaign *here*; the site administrator of the whole site; None: nobody."""
        if role is None:
            return Someone(self.app, ())
        return Someone(
            self.app, (Grant(Role.SITE_ADMIN),) if role is Role.SITE_ADMIN else (grants_of(self.here)[role],)
        )

    def named(self, what: str, whose: str, person: Someone) -> Named:
        """An object of *person*'s own (``own``), of somebody else in the campaign (``other``), of another campaign (``foreign``)."""
        place = self.elsewhere if whose == "foreign" else self.here
        with self.database.transaction() as session:
            if what.endswith("wish"):
                return self._wish(session, place, what, whose, person)
            make: Callable[[Session, Place, str, Someone], Named] = getattr(self, f"_{what.split()[0]}")
            return make(session, place, whose, person)

    # --- wishes -----------------------------------------------------------------------------------------------------------

    def _wish_id(
        self, session: Session, place: Place, status: Status, whose: str, person: Someone, kind: Kind = Kind.GOODS
    ) -> int:
        own, now = whose != "other", utc_now()
        holder = {"branch_id": place.branch_id if own else place.other_branch_id}
        if own and person.role is Role.VOLUNTEER:
            holder = {"volunteer_id": place.volunteer_id}
        more: dict[str, Any] = {}
        if status in _TAKEN:
            more = {f"taker_{name}": value for name, value in holder.items()}
        wish_id = make_wish(session, place, status=status, kind=kind, elsewhere=not own, **more)
        session.execute(
            sa.update(Wish).where(col(Wish.id) == wish_id).values(child_id=self._child_id(session, place, whose))
        )
        if status in _TAKEN:
            state = ClaimState.DELIVERED if status in (Status.DELIVERED, Status.CLOSED) else ClaimState.LIVE
            claim_id = insert(
                session, Claim, campaign_id=place.id, wish_id=wish_id, state=state, claimed_at=now, **holder
            )
            if status is Status.READY:
                self._looked_at(session, place, wish_id, claim_id)
        if status is Status.PROPOSED:
            insert(
                session,
                Proposal,
                campaign_id=place.id,
                wish_id=wish_id,
                proposed_at=now,
                expires_at=now + timedelta(days=2),
                **holder,
            )
            session.execute(
                sa.update(Wish).where(col(Wish.id) == wish_id).values(**{f"taker_{k}": v for k, v in holder.items()})
            )
        insert(
            session,
            Clock,
            campaign_id=place.id,
            wish_id=wish_id,
            stage=str(status),
            opened_at=now,
            due_at=now + timedelta(days=3),
        )
        return wish_id

    def _looked_at(self, session: Session, place: Place, wish_id: int, claim_id: int) -> None:
        """Somebody has looked the thing over already: who asks is the second one."""
        insert(
            session, Inspection, campaign_id=place.id, wish_id=wish_id, claim_id=claim_id, state=Look.FIRST,
            first_by=make_account(session), first_at=utc_now(),
        )  # fmt: skip

    def _child_id(self, session: Session, place: Place, whose: str) -> int:
        """A child of its own household whose guardian consented."""
        now = utc_now()
        child_id = insert(
            session, Child, campaign_id=place.id, community_id=place.other_community_id if whose == "other" else place.community_id,
            household_id=insert(session, Household, campaign_id=place.id), alias=f"儿童 {number()}", sex="F", birth_year=2012,
            created_at=now,
        )  # fmt: skip
        sealed = seal_identity(
            Vault(self.keyring), child_id, {"name": f"章{child_id}", "phones": [f"1990000{child_id:04}"]}
        )
        session.execute(sa.update(Child).where(col(Child.id) == child_id).values(**sealed))
        insert(session, Consent, child_id=child_id, basis="paper", giver="mother", given_at=now)
        return child_id

    def _wish(self, session: Session, place: Place, what: str, whose: str, person: Someone) -> Named:
        stage = what.removesuffix("wish").strip() or "claimed"
        kind = Kind.SERVICE if stage == Status.SCHEDULED else Kind.GOODS
        return self._shown(session, self._wish_id(session, place, Status(stage), whose, person, kind))

    def wish_for(self, move: str, whose: str, person: Someone) -> Named:
        """A wish at the beginning of *move*."""
        arrow = MOVES[move]
        place = self.elsewhere if whose == "foreign" else self.here
        with self.database.transaction() as session:
            return self._shown(
                session, self._wish_id(session, place, arrow.start[0], whose, person, arrow.only or Kind.GOODS)
            )

    def _shown(self, session: Session, wish_id: int) -> Named:
        before = session.execute(sa.select(col(Wish.status)).where(col(Wish.id) == wish_id)).scalar_one()

        def moved() -> bool:
            with self.database.reading() as reading:
                return bool(
                    reading.execute(sa.select(col(Wish.status)).where(col(Wish.id) == wish_id)).scalar_one() != before
                )

        return Named({"code": code_of(session, wish_id)}, {"ids": str(wish_id), "reason": "试一试"}, moved)

    def _proposal(self, session: Session, place: Place, whose: str, person: Someone) -> Named:
        return self._shown(session, self._wish_id(session, place, Status.PROPOSED, whose, person))

    def _claim(self, session: Session, place: Place, whose: str, _person: Someone) -> Named:
        claim_id = insert(
            session,
            Claim,
            campaign_id=place.id,
            wish_id=make_wish(session, place),
            volunteer_id=place.volunteer_id,
            state=ClaimState.ENDED,
            lapsed=True,
            claimed_at=utc_now(),
            ended_at=utc_now(),
            end_reason="逾期",
        )
        return Named({"claim_id": claim_id}, {"reason": "住院"}, self._written(Claim, claim_id, "excused_at"))

    def _label(self, session: Session, place: Place, whose: str, person: Someone) -> Named:
        wish_id = self._wish_id(session, place, Status.CLAIMED, whose, person)
        codes = issue_codes(session, wish_id=wish_id, signer=signing_keys(self.keyring)[0], now=utc_now())
        return Named({"token": codes.label.text}, {})

    def _scan_id(
        self, session: Session, place: Place, account_id: int | None, device_id: int | None = None
    ) -> tuple[int, str]:
        now, nonce = utc_now(), f"scan-of-a-test-{number()}"
        wish_id = make_wish(session, place)
        scan_id = insert(
            session, Scan, campaign_id=place.id, wish_id=wish_id, nonce=nonce, digest=bytes(32), action="absent", channel="device",
            account_id=account_id, device_id=device_id, device_at=now, occurred_at=now, recorded_at=now, outcome="accepted",
        )  # fmt: skip
        return scan_id, nonce

    def _scan(self, session: Session, place: Place, whose: str, person: Someone) -> Named:
        return Named({"nonce": self._scan_id(session, place, self._owner(session, whose, person))[1]}, {})

    def _device(self, session: Session, place: Place, whose: str, _person: Someone) -> Named:
        device_id = insert(
            session, Device, uid=f"device-{number():012}", first_seen_at=utc_now(), last_seen_at=utc_now()
        )
        self._scan_id(session, place, None, device_id)
        return Named({"device_id": device_id}, {}, self._written(Device, device_id, "revoked_at"))

    def _photograph(self, session: Session, place: Place, whose: str, _person: Someone) -> Named:
        account_id = make_account(session)
        scan_id, nonce = self._scan_id(session, place, account_id)
        keep_photo(
            session, campaign_id=place.id, nonce=nonce, data=small_photograph(), uploads=self.settings.uploads_dir,
            vault=Vault(self.keyring), actor=Actor(account_id), now=utc_now(),
        )  # fmt: skip
        wish_id, photo_id = session.execute(
            sa.select(col(Scan.wish_id), col(ScanPhoto.id))
            .join(ScanPhoto, col(ScanPhoto.scan_id) == col(Scan.id))
            .where(col(Scan.id) == scan_id)
        ).one()
        return Named({"code": code_of(session, wish_id), "photo_id": photo_id}, {})

    def _picture(self, session: Session, place: Place, whose: str, person: Someone) -> Named:
        wish_id = self._wish_id(session, place, Status.CLAIMED, whose, person)
        uid = keep(
            session, Photo(small_photograph(), self.settings.uploads_dir, self.keyring), campaign_id=place.id, wish_id=wish_id,
            claim_id=None, about="bought", actor=NOBODY, now=utc_now(),
        )  # fmt: skip
        return Named({"uid": uid}, {})

    def _listed(self, session: Session, place: Place, whose: str, person: Someone) -> Named:
        wish_id = self._wish_id(session, place, Status.CLAIMED, whose, person)
        child_id = session.execute(sa.select(col(Wish.child_id)).where(col(Wish.id) == wish_id)).scalar_one()
        receiver_id = list_receiver(
            session, child_id=child_id, name="某某", relation="neighbour", vault=Vault(self.keyring), actor=NOBODY,
            now=utc_now(), by_guardian=True,
        )  # fmt: skip
        return Named({"code": code_of(session, wish_id), "receiver_id": receiver_id}, {})

    def _check(self, session: Session, place: Place, whose: str, _person: Someone) -> Named:
        check_id = insert(
            session, AddedCheck, campaign_id=place.id, category="*", zh="看电池", en="batteries", added_at=utc_now()
        )
        return Named({"check_id": check_id}, {})

    def _box(self, session: Session, place: Place, whose: str, _person: Someone) -> Named:
        box_id = insert(
            session, Box, campaign_id=place.id, number=number(), community_id=place.community_id, created_at=utc_now()
        )
        return Named({"box_id": box_id}, {})

    def _shipment(self, session: Session, place: Place, whose: str, _person: Someone) -> Named:
        shipment_id = insert(
            session, Shipment, campaign_id=place.id, number=number(), carrier="车队", created_at=utc_now()
        )
        return Named({"shipment_id": shipment_id}, {"where": "on"})

    def _count(self, session: Session, place: Place, whose: str, _person: Someone) -> Named:
        return Named({"count_id": insert(session, StockCount, campaign_id=place.id, started_at=utc_now())}, {})

    # --- what people send -------------------------------------------------------------------------------------------------

    def _file_id(self, session: Session, place: Place, whose: str) -> int:
        return insert(
            session,
            ImportFile,
            campaign_id=place.id,
            name=f"表{number()}.xlsx",
            digest=f"{number():064}",
            state="done",
            community_id=place.community_id if whose != "other" else place.other_community_id,
            created_at=utc_now(),
        )

    def _file(self, session: Session, place: Place, whose: str, _person: Someone) -> Named:
        return Named(
            {"file_id": self._file_id(session, place, whose)}, {"how": "phone", "on": "2021-06-01", "giver": "mother"}
        )

    def _row(self, session: Session, place: Place, whose: str, _person: Someone) -> Named:
        file_id, cell = self._file_id(session, place, whose), f"A{next(_numbers)}"
        entry = Entry(
            file="表.xlsx",
            sheet="汇总",
            cell=cell,
            part=1,
            row=3,
            child=f"章{cell}",
            item="书包",
            category="study",
            status="parked",
        )
        row_id = insert(
            session,
            ImportRow,
            file_id=file_id,
            sheet="汇总",
            cell=cell,
            status="parked",
            reasons=["price_unclear"],
            reading=seal_entry(Vault(self.keyring), file_id, entry),
        )
        return Named({"row_id": row_id}, {"reason": "test", "into": str(row_id)})

    def _word(self, session: Session, place: Place, whose: str, _person: Someone) -> Named:
        word_id = insert(
            session,
            TaughtWord,
            campaign_id=place.id,
            book="items",
            key="书包/study",
            word=f"包包{number()}",
            taught_at=utc_now(),
        )
        return Named({"word_id": word_id}, {}, self._gone(TaughtWord, word_id))

    def _column(self, session: Session, place: Place, whose: str, _person: Someone) -> Named:
        column_id = insert(
            session,
            TaughtColumn,
            campaign_id=place.id,
            sender="330102||测试",
            title=f"列{number()}",
            role="child",
            taught_at=utc_now(),
        )
        return Named({"column_id": column_id}, {}, self._gone(TaughtColumn, column_id))

    # --- of persons, and of the campaign ----------------------------------------------------------------------------------

    def _owner(self, session: Session, whose: str, person: Someone) -> int:
        return (whose == "own" and person.account_id) or make_account(session)

    def _notice(self, session: Session, place: Place, whose: str, person: Someone) -> Named:
        wish_id = self._wish_id(session, place, Status.CLAIMED, "own", person)
        notice_id = insert(
            session,
            Notice,
            campaign_id=place.id,
            effect_key=f"test-{number()}",
            account_id=self._owner(session, whose, person),
            kind="claimed",
            wish_id=wish_id,
            state="sent",
            run_at=utc_now(),
            created_at=utc_now(),
        )
        return Named(
            {"notice_id": notice_id, "code": code_of(session, wish_id)}, {}, self._written(Notice, notice_id, "read_at")
        )

    def _account(self, session: Session, place: Place, whose: str, person: Someone) -> Named:
        secret = open_session(session, account_id=self._owner(session, whose, person), now=utc_now(), hours=1)
        session_id = int(
            session.execute(
                sa.select(col(WebSession.id)).where(col(WebSession.secret_hash) == secret_digest(secret))
            ).scalar_one()
        )
        return Named({"session_id": session_id}, {}, self._written(WebSession, session_id, "revoked_at"))

    def _token(self, session: Session, place: Place, whose: str, person: Someone) -> Named:
        secret = create_token(session, account_id=self._owner(session, whose, person), name="another", now=utc_now())
        token_id = int(
            session.execute(
                sa.select(col(ApiToken.id)).where(col(ApiToken.secret_hash) == secret_digest(secret))
            ).scalar_one()
        )
        return Named({"token_id": token_id}, {}, self._written(ApiToken, token_id, "revoked_at"))

    def _run(self, session: Session, place: Place, whose: str, _person: Someone) -> Named:
        run_id = insert(
            session, MatchRun, campaign_id=place.id, state="failed", started_at=utc_now(), finished_at=utc_now()
        )
        return Named({"run_id": run_id}, {"action": "accept", "ids": "1"})

    def _link(self, session: Session, place: Place, whose: str, _person: Someone) -> Named:
        view_id = insert(
            session,
            SharedView,
            campaign_id=place.id,
            secret_hash=secret_digest(f"link {number()}"),
            created_at=utc_now(),
            expires_at=utc_now() + timedelta(days=1),
        )
        return Named({"view_id": view_id}, {}, self._written(SharedView, view_id, "revoked_at"))

    def _asking(self, session: Session, place: Place, whose: str, _person: Someone) -> Named:
        access_id = insert(
            session, IdentityAccess, campaign_id=place.id, account_id=make_account(session), purpose="家访", hours=2,
            asked_at=utc_now(),
        )  # fmt: skip
        return Named(
            {"access_id": access_id, "verdict": "approve"},
            {"reason": "同意"},
            self._written(IdentityAccess, access_id, "decided_at"),
        )

    def _recovery(self, session: Session, place: Place, whose: str, _person: Someone) -> Named:
        account_id = make_account(session, (place.grant(Role.COORDINATOR),))
        now = utc_now()
        recovery_id = insert(session, Recovery, account_id=account_id, asked_at=now, expires_at=now + timedelta(days=1))
        return Named(
            {"recovery_id": recovery_id, "verdict": "approve"}, {}, self._written(Recovery, recovery_id, "approved_at")
        )

    def _passkey(self, session: Session, place: Place, whose: str, person: Someone) -> Named:
        key_id = insert(
            session, Passkey, account_id=self._owner(session, whose, person), name="手机", credential_id=secret_digest(f"key {number()}"),
            public_key=b"k", created_at=utc_now(),
        )  # fmt: skip
        return Named({"passkey_id": key_id}, {}, self._gone(Passkey, key_id))

    def _invitation(self, session: Session, place: Place, whose: str, person: Someone) -> Named:
        now = utc_now()
        invitation_id = insert(
            session, Invitation, campaign_id=place.id, secret_hash=secret_digest(f"join {number()}"), uses_left=3,
            branch_id=place.other_branch_id if whose == "other" else place.branch_id, created_by=make_account(session),
            created_at=now, expires_at=now + timedelta(days=1),
        )  # fmt: skip
        return Named({"invitation_id": invitation_id}, {}, self._written(Invitation, invitation_id, "revoked_at"))

    def _concern(self, session: Session, place: Place, whose: str, _person: Someone) -> Named:
        concern_id = report(
            session, Vault(self.keyring), campaign_id=place.id, words="请看看这个孩子", contact="", sender=f"10.0.0.{number()}",
            actor=NOBODY, now=utc_now(),
        )  # fmt: skip
        return Named({"concern_id": concern_id}, {"outcome": "已联系"})

    def _print(self, session: Session, place: Place, whose: str, person: Someone) -> Named:
        kept = keep_sealed(b"%PDF", drawer=DRAWER, uploads=self.settings.uploads_dir, vault=Vault(self.keyring))
        job_id = insert(
            session, PrintJob, campaign_id=place.id, kind="labels", state="done", uid=kept.uid, file_key=kept.wrapped_key,
            total=1, ordered_by=self._owner(session, whose, person), created_at=utc_now(), narrowed={},
        )  # fmt: skip
        return Named({"job_id": job_id}, {})

    # --- after the hand-over ----------------------------------------------------------------------------------------------

    def _feedback(self, session: Session, place: Place, whose: str, person: Someone) -> Named:
        wish_id = self._wish_id(session, place, Status.DELIVERED, whose, person)
        code = make_link(
            session, wish_id=wish_id, side="guardian", actor=place.coordinator, keyring=self.keyring, now=utc_now()
        )
        return Named({"code": code}, {"stars": "5", "reason": "没有来"})

    def _message(self, session: Session, place: Place, whose: str, person: Someone) -> Named:
        wish_id = self._wish_id(session, place, Status.DELIVERED, whose, person)
        feedback_id = give_feedback(
            session, wish_id=wish_id, said=Said("guardian", stars=5, thanks="谢谢您"), actor=NOBODY, keyring=self.keyring,
            now=utc_now(),
        )  # fmt: skip
        return Named({"feedback_id": feedback_id}, {"verdict": "approve", "words": "谢谢您"})

    # --- what befell it ---------------------------------------------------------------------------------------------------

    def _written(self, table: Any, row_id: int, column: str) -> Callable[[], bool]:
        def written() -> bool:
            with self.database.reading() as session:
                return (
                    session.execute(sa.select(getattr(table, column)).where(col(table.id) == row_id)).scalar_one()
                    is not None
                )

        return written

    def _gone(self, table: Any, row_id: int) -> Callable[[], bool]:
        def gone() -> bool:
            with self.database.reading() as session:
                return session.execute(sa.select(col(table.id)).where(col(table.id) == row_id)).first() is None

        return gone


FILLED: dict[str, Any] = {
    "filename": "css/microwish.css",
    "kind": "csv",
    "secret": "none",
    "name": "acknowledge",
    "provider": "wechat",
    "mark": "0",
    "part_name": "round.js",
}
"""Parts of an address that name no object."""


def path_of(app: Flask, rule: Rule, slug: str, named: Named) -> str:
    """The address of *rule* for an object."""
    values = {"slug": slug, **FILLED, **named.path}
    with app.test_request_context():
        return str(app.url_map.bind("localhost").build(rule.endpoint, {name: values[name] for name in rule.arguments}))
