"""What is mine: proposals that wait for my answer, claims I hold or held, notices I was sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from wishes.access import Actor, Role, may
from wishes.claims.tables import Claim, Proposal, ProposalState
from wishes.clock import local_day
from wishes.intake.tables import Wish
from wishes.intake.wishes import Filter, list_wishes
from wishes.lifecycle import Status
from wishes.tracking import inbox
from wishes.tracking.wording import notice_words
from wishes.web.api.campaigns import entered
from wishes.web.api.contract import Call, Operation
from wishes.web.api.paging import cursor, row_of
from wishes.web.api.shapes import (
    ClaimList,
    ClaimQuery,
    ClaimShape,
    MarkedRead,
    NoBody,
    NoticeList,
    NoticeShape,
    PageQuery,
    ProposalList,
    ProposalShape,
)
from wishes.web.api.wishes import shape
from wishes.web.context import language

_PROPOSAL = ("id", "branch_id", "volunteer_id", "proposed_at", "expires_at")
_CLAIM = ("id", "state", "via", "branch_id", "volunteer_id", "spend_fen", "claimed_at", "ended_at", "end_reason")


def _own(actor: Actor, campaign_id: int, table: Any) -> Any:
    """Rows of *table* that are the actor's own as a volunteer or their branch's as its secretary; all for those who coordinate or audit."""
    if may(actor, "events.view", campaign_id):
        return sa.true()
    return sa.or_(
        col(table.volunteer_id).in_(actor.ids(Role.VOLUNTEER, campaign_id, "volunteer_id")),
        col(table.branch_id).in_(actor.ids(Role.BRANCH_SECRETARY, campaign_id, "branch_id")),
    )


def list_proposals(call: Call, slug: str) -> ProposalList:
    """The standing proposals that wait for your answer or your branch's; all of the campaign's for coordinators and auditors."""
    asked: PageQuery = call.query
    campaign_id = entered(call.session, call.actor, slug)
    found = call.session.execute(
        sa.select(*[getattr(Proposal, name) for name in _PROPOSAL], col(Proposal.wish_id))
        .where(
            col(Proposal.campaign_id) == campaign_id,
            col(Proposal.state) == ProposalState.OPEN,
            col(Proposal.id) > row_of(asked.cursor),
            _own(call.actor, campaign_id, Proposal),
        )
        .order_by(col(Proposal.id))
        .limit(asked.limit + 1)
    ).all()
    rows = found[: asked.limit]
    wishes = {
        row.id: row
        for row in list_wishes(
            call.session,
            campaign_id,
            _These(statuses=(Status.PROPOSED,), ids=tuple(row.wish_id for row in rows)),
            limit=asked.limit,
        ).rows
    }
    today = local_day(call.now)
    return ProposalList(
        items=[
            ProposalShape(
                wish=shape(call.actor, wishes[row.wish_id], today), **{name: getattr(row, name) for name in _PROPOSAL}
            )
            for row in rows
            if row.wish_id in wishes
        ],
        next=cursor(rows[-1].id) if len(found) > asked.limit else None,
    )


@dataclass(frozen=True)
class _These(Filter):
    """A filter for wishes known by id."""

    ids: tuple[int, ...] = ()

    def conditions(self, campaign_id: int) -> list[Any]:
        return [*Filter.conditions(self, campaign_id), col(Wish.id).in_(self.ids)]


def list_claims(call: Call, slug: str) -> ClaimList:
    """Your claims and your branch's, the newest first; all of the campaign's for coordinators and auditors."""
    asked: ClaimQuery = call.query
    campaign_id = entered(call.session, call.actor, slug)
    before = row_of(asked.cursor)
    found = call.session.execute(
        sa.select(*[getattr(Claim, name) for name in _CLAIM], col(Wish.code), col(Wish.item), col(Wish.status))
        .join(Wish, col(Wish.id) == Claim.wish_id)
        .where(
            col(Claim.campaign_id) == campaign_id,
            _own(call.actor, campaign_id, Claim),
            *([col(Claim.id) < before] if before else []),
            *([col(Claim.state) == asked.state] if asked.state else []),
        )
        .order_by(col(Claim.id).desc())
        .limit(asked.limit + 1)
    ).all()
    rows = found[: asked.limit]
    return ClaimList(
        items=[
            ClaimShape(wish=row.code, item=row.item, status=row.status, **{name: getattr(row, name) for name in _CLAIM})
            for row in rows
        ],
        next=cursor(rows[-1].id) if len(found) > asked.limit else None,
    )


def list_notices(call: Call, slug: str) -> NoticeList:
    """What you were told in this campaign, the newest first."""
    asked: PageQuery = call.query
    campaign_id = entered(call.session, call.actor, slug)
    found = inbox.inbox(
        call.session,
        call.account_id,
        campaign_id=campaign_id,
        before_id=row_of(asked.cursor) or None,
        limit=asked.limit + 1,
    )
    return NoticeList(
        items=[_notice(item) for item in found[: asked.limit]],
        next=cursor(found[asked.limit - 1].id) if len(found) > asked.limit else None,
    )


def _notice(item: inbox.InboxItem) -> NoticeShape:
    words = notice_words(
        item.kind, item.facts, item=item.wish_item or "", code=item.wish_code or "", language=language()
    )
    return NoticeShape(
        id=item.id,
        kind=item.kind,
        title=words.title,
        body=words.body,
        wish=item.wish_code,
        created_at=item.created_at,
        read=item.read,
    )


def read_notice(call: Call, slug: str, notice_id: int) -> MarkedRead:
    """Mark one of your notices as read; one that is read already, or not yours, counts 0."""
    campaign_id = entered(call.session, call.actor, slug)
    return MarkedRead(
        marked=inbox.mark_read(
            call.session, call.account_id, campaign_id=campaign_id, now=call.now, notice_id=notice_id
        )
    )


def read_all_notices(call: Call, slug: str) -> MarkedRead:
    """Mark all your notices of this campaign as read."""
    campaign_id = entered(call.session, call.actor, slug)
    return MarkedRead(marked=inbox.mark_read(call.session, call.account_id, campaign_id=campaign_id, now=call.now))


_IN = "/campaigns/<slug:slug>"
OPERATIONS = (
    Operation("GET", f"{_IN}/proposals", list_proposals, "mine", ProposalList, query=PageQuery),
    Operation("GET", f"{_IN}/claims", list_claims, "mine", ClaimList, query=ClaimQuery),
    Operation("GET", f"{_IN}/notices", list_notices, "mine", NoticeList, query=PageQuery),
    Operation("POST", f"{_IN}/notices/<int:notice_id>/read", read_notice, "mine", MarkedRead, body=NoBody),
    Operation("POST", f"{_IN}/notices/read", read_all_notices, "mine", MarkedRead, body=NoBody),
)
