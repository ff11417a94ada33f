"""Who may do and see what. Pure: decided from roles, the relation to the wish, and its stage, and from nothing else.

Three tables: :data:`DUTIES` (what a role may do in a campaign or on the site), the ``by`` column of
:data:`wishes.lifecycle.MOVES` (who may move a wish), and :data:`FIELDS` (who sees which field when). Every page, API
call, export and task asks here. Sources: PIPL art. 6 and 28 (necessity); Regulations on the Protection of Minors in
Cyberspace art. 36 (least privilege for staff).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from wishes.errors import Forbidden
from wishes.i18n import Text
from wishes.lifecycle import HELD, By, Kind, Move, Status, moves_from


class Role(StrEnum):
    SOCIAL_WORKER = "social_worker"
    VOLUNTEER = "volunteer"
    BRANCH_SECRETARY = "branch_secretary"
    COURIER = "courier"
    INSPECTOR = "inspector"
    COORDINATOR = "coordinator"
    CAMPAIGN_ADMIN = "campaign_admin"
    AUDITOR = "auditor"
    SITE_ADMIN = "site_admin"


ROLE_LABEL: dict[Role, Text] = {
    Role.SOCIAL_WORKER: Text("社工", "Social worker"),
    Role.VOLUNTEER: Text("志愿者", "Volunteer"),
    Role.BRANCH_SECRETARY: Text("支部书记", "Branch secretary"),
    Role.COURIER: Text("配送员", "Courier"),
    Role.INSPECTOR: Text("质检员", "Inspector"),
    Role.COORDINATOR: Text("协调员", "Coordinator"),
    Role.CAMPAIGN_ADMIN: Text("项目管理员", "Campaign administrator"),
    Role.AUDITOR: Text("审计员", "Auditor"),
    Role.SITE_ADMIN: Text("系统管理员", "Site administrator"),
}


@dataclass(frozen=True, slots=True)
class Grant:
    """One role of one account. ``campaign_id`` None means the whole site; the other ids narrow the role down."""

    role: Role
    campaign_id: int | None = None
    community_id: int | None = None
    branch_id: int | None = None
    volunteer_id: int | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is asking. ``account_id`` None with the ``system`` flag is the engine or a sweep."""

    account_id: int | None
    name: str = ""
    grants: tuple[Grant, ...] = ()
    system: bool = False

    def roles_in(self, campaign_id: int | None) -> frozenset[Role]:
        """Roles that count in a campaign: granted there, or for the whole site."""
        return frozenset(g.role for g in self.grants if g.campaign_id in (None, campaign_id))

    def ids(self, role: Role, campaign_id: int, field: str) -> frozenset[int]:
        """The ids in *field* of this actor's grants of *role* in a campaign."""
        return frozenset(
            getattr(g, field)
            for g in self.grants
            if g.role is role and g.campaign_id == campaign_id and getattr(g, field) is not None
        )


NOBODY = Actor(None)
SYSTEM = Actor(None, "Microwish", system=True)


@dataclass(frozen=True, slots=True)
class WishFacts:
    """What the decision needs to know of a wish; no names."""

    campaign_id: int
    status: Status
    kind: Kind
    community_id: int | None = None
    taker_branch_id: int | None = None
    taker_volunteer_id: int | None = None
    proposed_branch_id: int | None = None
    proposed_volunteer_id: int | None = None


def facts_of(
    campaign_id: int, status: Status, kind: Kind, community_id: int, branch_id: int | None, volunteer_id: int | None
) -> WishFacts:
    """The same from a wish's row, where one pair of columns holds whom it is proposed to, and then who has it."""
    if status is Status.PROPOSED:
        return WishFacts(
            campaign_id, status, kind, community_id, proposed_branch_id=branch_id, proposed_volunteer_id=volunteer_id
        )
    if status in (*HELD, Status.DELIVERED, Status.DISPUTED, Status.CLOSED):
        return WishFacts(campaign_id, status, kind, community_id, branch_id, volunteer_id)
    return WishFacts(campaign_id, status, kind, community_id)


_COORDINATING = frozenset({Role.COORDINATOR, Role.CAMPAIGN_ADMIN, Role.SITE_ADMIN})
_ADMIN = frozenset({Role.CAMPAIGN_ADMIN, Role.SITE_ADMIN})

DUTIES: dict[str, frozenset[Role]] = {
    "site.manage": frozenset({Role.SITE_ADMIN}),
    "campaign.create": frozenset({Role.SITE_ADMIN}),
    "campaign.manage": _ADMIN,
    "people.manage": _ADMIN,
    "campaign.view": frozenset(Role),
    "campaign.coordinate": _COORDINATING,
    "gaps.view": _COORDINATING | {Role.AUDITOR},
    "intake.send": _COORDINATING | {Role.SOCIAL_WORKER},
    "intake.resolve": _COORDINATING | {Role.SOCIAL_WORKER},
    "match.run": _COORDINATING,
    "branch.view": _COORDINATING | {Role.BRANCH_SECRETARY, Role.AUDITOR},
    "wishes.browse": frozenset({Role.VOLUNTEER, Role.BRANCH_SECRETARY}) | _COORDINATING,
    "wishes.list": _COORDINATING | {Role.SOCIAL_WORKER, Role.AUDITOR},
    "warehouse.work": _COORDINATING | {Role.INSPECTOR, Role.COURIER},
    "labels.print": _COORDINATING | {Role.INSPECTOR},
    "receipts.print": _COORDINATING | {Role.SOCIAL_WORKER},
    "handover.scan": _COORDINATING | {Role.SOCIAL_WORKER, Role.VOLUNTEER, Role.BRANCH_SECRETARY, Role.COURIER},
    "events.view": _COORDINATING | {Role.AUDITOR},
    "children.keep": _COORDINATING
    | {Role.SOCIAL_WORKER},  # consents, links for guardians, erasures; object-level below
    "identities.ask": _COORDINATING,
    "identities.approve": _ADMIN,
    "concerns.handle": _ADMIN,
    "audit.view": _ADMIN | {Role.AUDITOR},
}


def may(actor: Actor, duty: str, campaign_id: int | None = None) -> bool:
    """Whether one of the actor's roles in the campaign carries *duty* (a key of :data:`DUTIES`)."""
    return actor.system or bool(actor.roles_in(campaign_id) & DUTIES[duty])


def require(actor: Actor, duty: str, campaign_id: int | None = None) -> None:
    """Raise :class:`~wishes.errors.Forbidden` unless :func:`may`."""
    if not may(actor, duty, campaign_id):
        raise Forbidden(duty=duty)


def relations(actor: Actor, wish: WishFacts) -> frozenset[By]:
    """How *actor* stands to *wish*. Object-level: another community's, branch's or campaign's people have no relation."""
    if actor.system:
        return frozenset({By.SYSTEM})
    roles = actor.roles_in(wish.campaign_id)
    found: set[By] = set()
    if roles & _COORDINATING:
        found.add(By.COORDINATOR)
    if wish.community_id is not None and wish.community_id in actor.ids(
        Role.SOCIAL_WORKER, wish.campaign_id, "community_id"
    ):
        found.add(By.COMMUNITY)
    if roles & {Role.VOLUNTEER, Role.BRANCH_SECRETARY}:
        found.add(By.BROWSER)
    volunteers = actor.ids(Role.VOLUNTEER, wish.campaign_id, "volunteer_id")
    branches = actor.ids(Role.BRANCH_SECRETARY, wish.campaign_id, "branch_id")
    if wish.taker_volunteer_id in volunteers or wish.taker_branch_id in branches:
        found.add(By.TAKER)
    # a secretary also answers for the branch's members: the pledge that is used is the branch's
    if wish.proposed_volunteer_id in volunteers or wish.proposed_branch_id in branches:
        found.add(By.PROPOSED_TO)
    if Role.COURIER in roles:
        found.add(By.COURIER)
    if Role.INSPECTOR in roles:
        found.add(By.INSPECTOR)
    if Role.AUDITOR in roles:
        found.add(By.AUDITOR)
    return frozenset(found)


def possible_moves(actor: Actor, wish: WishFacts) -> list[Move]:
    """The moves this actor may make now, in the table's order: the buttons of the page."""
    standing = relations(actor, wish)
    return [move for move in moves_from(wish.status, wish.kind) if move.by & standing]


def require_move(actor: Actor, move: Move, wish: WishFacts) -> None:
    """Raise :class:`~wishes.errors.Forbidden` unless the move's ``by`` column names a relation of the actor."""
    if not move.by & relations(actor, wish):
        raise Forbidden(action=move.name)


def keeps_child(actor: Actor, campaign_id: int, community_id: int) -> bool:
    """Whether *actor* looks after the papers of a child: its own community's social worker, or who coordinates."""
    own = community_id in actor.ids(Role.SOCIAL_WORKER, campaign_id, "community_id")
    return own or bool(actor.roles_in(campaign_id) & _COORDINATING)


def may_see_identity(actor: Actor, campaign_id: int, community_id: int, *, approved: bool) -> bool:
    """Whether *actor* may be shown who a child is, and put it right: the child's own community by its standing duty, a coordinator while
    an approved access assigns the child to them, and nobody else; as :data:`FIELDS` and :data:`APPROVED_FIELDS` say of its wishes."""
    standing = relations(actor, WishFacts(campaign_id, Status.DRAFT, Kind.GOODS, community_id))
    return Field.IDENTITY in visible_fields(standing, Status.DRAFT, approved=approved)


class Field(StrEnum):
    """What there is to know of a wish and its child, from harmless to identifying."""

    WISH = "wish"  # item, category, size, quantity, price range
    DISTRICT = "district"
    AGE_BAND = "age_band"
    SEX = "sex"
    STATUS = "status"
    TAKER = "taker"  # name of the branch or volunteer
    CHILD = "child"  # its alias, and why it was admitted (left behind, ill …): nothing that names it
    PLACE = "place"  # hand-over place: the community's name and the receiving adult
    IDENTITY = "identity"  # the child's and guardian's names, birth, address, phones, school


_ANY = tuple(Status)
_LIVE = (*HELD, Status.DELIVERED, Status.DISPUTED)
_READERS: dict[By, tuple[Status, ...]] = {By.COMMUNITY: _ANY, By.COORDINATOR: _ANY, By.AUDITOR: _ANY}
_HANDLERS: dict[By, tuple[Status, ...]] = {By.INSPECTOR: _LIVE, By.COURIER: _LIVE}
_CHOOSERS: dict[By, tuple[Status, ...]] = {
    By.TAKER: _LIVE,
    By.PROPOSED_TO: (Status.PROPOSED,),
    By.BROWSER: (Status.OPEN,),
}
_WISH: dict[By, tuple[Status, ...]] = {**_READERS, **_HANDLERS, **_CHOOSERS, By.TAKER: _ANY}

FIELDS: dict[Field, dict[By, tuple[Status, ...]]] = {
    Field.WISH: _WISH,
    Field.DISTRICT: _WISH,
    Field.STATUS: _WISH,
    Field.AGE_BAND: {**_READERS, **_CHOOSERS},
    Field.SEX: {**_READERS, **_CHOOSERS},
    Field.TAKER: {**_READERS, **_HANDLERS, By.TAKER: _ANY, By.PROPOSED_TO: (Status.PROPOSED,)},
    Field.PLACE: {
        **_READERS,
        By.INSPECTOR: (Status.INSPECTED,),  # who packs has to know for which village
        By.COURIER: (Status.INSPECTED, Status.IN_TRANSIT),
        By.TAKER: (Status.READY, Status.INSPECTED, Status.IN_TRANSIT, Status.SCHEDULED),
    },
    Field.CHILD: _READERS,
    Field.IDENTITY: {By.COMMUNITY: _ANY},
}
"""Who sees which field in which status by their standing duty; the auditor reads everything but identities."""

APPROVED_FIELDS: dict[Field, dict[By, tuple[Status, ...]]] = {Field.IDENTITY: {By.COORDINATOR: _ANY}}
"""What is seen besides while an approved access to the child holds: for a purpose and a time, each look on record."""


def visible_fields(standing: Iterable[By], status: Status, *, approved: bool = False) -> frozenset[Field]:
    """The fields someone with these relations sees of a wish in *status*. *approved*: an approved access to its child holds."""
    held = set(standing)
    tables = (FIELDS, APPROVED_FIELDS) if approved else (FIELDS,)
    return frozenset(
        field
        for table in tables
        for field, seen in table.items()
        if any(by in held and status in stages for by, stages in seen.items())
    )
