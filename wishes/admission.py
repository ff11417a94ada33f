"""Which address admits whom: every page and every API operation by role, to one's own object and to somebody else's.

Pure data. The suite asks the running application for every address × role × object and compares it with this table, and fails for an
address that is not in it; ``docs/access.md`` is printed from it by ``python -m wishes.admission``. What people see of a wish once they
are admitted stands in :data:`wishes.access.FIELDS`, who may move one in the ``by`` column of :data:`wishes.lifecycle.MOVES`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from wishes.access import APPROVED_FIELDS, FIELDS, ROLE_LABEL, Field, Role
from wishes.lifecycle import AWAITED, MOVES, By, Status

EVERYBODY = frozenset(Role)
NOBODY: frozenset[Role] = frozenset()
COORDINATING = frozenset({Role.COORDINATOR, Role.CAMPAIGN_ADMIN, Role.SITE_ADMIN})
ADMINISTERING = frozenset({Role.CAMPAIGN_ADMIN, Role.SITE_ADMIN})
WATCHING = COORDINATING | {Role.AUDITOR}
SENDING = COORDINATING | {Role.SOCIAL_WORKER}
TAKING = frozenset({Role.VOLUNTEER, Role.BRANCH_SECRETARY})
CARRYING = frozenset({Role.COURIER, Role.INSPECTOR})


@dataclass(frozen=True, slots=True)
class Admission:
    """Who is admitted to an address.

    ``own``: when the object it names belongs to them (their community, branch, volunteer, account), or when it names none.
    ``other``: when the object is of the same campaign and somebody else's. An object of another campaign, and a campaign one has no role
    in, admit nobody but the site administrator. ``anybody``: no sign-in is needed. ``what`` is the object.
    """

    own: frozenset[Role]
    other: frozenset[Role] = NOBODY
    what: str = ""
    anybody: bool = False


def _of(what: str, own: Iterable[Role], other: Iterable[Role] = ()) -> Admission:
    return Admission(frozenset(own), frozenset(other), what)


_BY: dict[By, tuple[frozenset[Role], frozenset[Role]]] = {
    By.COMMUNITY: (frozenset({Role.SOCIAL_WORKER}), NOBODY),
    By.COORDINATOR: (COORDINATING, COORDINATING),
    By.TAKER: (TAKING, NOBODY),
    By.PROPOSED_TO: (TAKING, NOBODY),
    By.BROWSER: (TAKING, TAKING),
    By.COURIER: (frozenset({Role.COURIER}), frozenset({Role.COURIER})),
    By.INSPECTOR: (frozenset({Role.INSPECTOR}), frozenset({Role.INSPECTOR})),
    By.AUDITOR: (frozenset({Role.AUDITOR}), frozenset({Role.AUDITOR})),
    By.SYSTEM: (NOBODY, NOBODY),
}
"""Roles that stand so to a wish of theirs, and to anybody's."""


def _standing(by: Iterable[By], what: str = "wish") -> Admission:
    """Whoever stands in one of these relations to the wish."""
    pairs = [_BY[one] for one in by]
    return _of(what, frozenset().union(*(own for own, _ in pairs)), frozenset().union(*(other for _, other in pairs)))


def move_admission(name: str) -> Admission:
    """Who may make a move: the relations in its ``by`` column."""
    return _standing(MOVES[name].by)


_CLOCK = _standing(AWAITED[Status.CLAIMED] | {By.COORDINATOR}, "claimed wish")
_STOP = _standing({By.COMMUNITY, By.COORDINATOR}, "claimed wish")
_PUBLIC = Admission(EVERYBODY, EVERYBODY, "", True)
_SIGNED_IN = Admission(EVERYBODY)
_MINE = Admission(EVERYBODY, NOBODY, "account")
_GUARDIAN = Admission(EVERYBODY, EVERYBODY, "guardian's link", True)  # the address is the key, and the family's digits
_ANSWER = Admission(EVERYBODY, EVERYBODY, "feedback code", True)
_INVITED = Admission(EVERYBODY, EVERYBODY, "invitation's link", True)
_HALFWAY = Admission(NOBODY, NOBODY, "sign-in half made")  # only whoever made the first step in this browser
_INVITE = Admission(COORDINATING | {Role.BRANCH_SECRETARY})
_ADMINISTER = Admission(ADMINISTERING)
_COORDINATE, _WATCH, _SEND = Admission(COORDINATING), Admission(WATCHING), Admission(SENDING)
_FILE, _ROW = _of("file", SENDING, COORDINATING), _of("row", SENDING, COORDINATING)
_WISH = _of("wish", EVERYBODY, COORDINATING | CARRYING | {Role.AUDITOR})
_RUN = _of("run", COORDINATING, COORDINATING)

WITHOUT_ADDRESS = frozenset({"propose", "expire", "lapse", "deliver", "deliver_directly", "attend"})
"""Moves that the engine and the sweeps make, and those that a hand-over makes."""

PAGES: dict[str, Admission] = {
    "static": _PUBLIC,
    "public.home": _PUBLIC,
    "public.campaign": _PUBLIC,
    "board.shared": _PUBLIC,
    "account.sign_in": _PUBLIC,
    "account.sign_in_now": _PUBLIC,
    "account.sign_out": _PUBLIC,
    "account.home": _SIGNED_IN,
    "account.change_password": _SIGNED_IN,
    "account.new_token": _SIGNED_IN,
    "account.close_browser": _MINE,
    "signing.code": _PUBLIC,
    "signing.send_code": _PUBLIC,
    "signing.sign_in_by_code": _PUBLIC,
    "signing.second_step": _HALFWAY,
    "signing.make_second_step": _HALFWAY,
    "signing.own_second_step": _SIGNED_IN,
    "signing.save_second_step": _SIGNED_IN,
    "signing.recover": _PUBLIC,
    "signing.send_recovery": _PUBLIC,
    "signing.recover_now": _PUBLIC,
    "signing.recoveries": _ADMINISTER,
    "signing.decide_recovery": _of("recovery", ADMINISTERING, ADMINISTERING),
    "passkeys.sign_in": _PUBLIC,
    "passkeys.new": _SIGNED_IN,
    "passkeys.add": _SIGNED_IN,
    "passkeys.remove": _of("passkey", EVERYBODY, NOBODY),
    "outside.begin": _PUBLIC,
    "outside.back": _PUBLIC,
    "outside.begin_connecting": _SIGNED_IN,
    "outside.connect": _SIGNED_IN,
    "outside.disconnect": _SIGNED_IN,
    "joining.invited": _INVITED,
    "joining.join_with": _INVITED,
    "joining.join": _INVITED,
    "invitations.home": _INVITE,
    "invitations.make": _INVITE,
    "invitations.end": _of("invitation", COORDINATING | {Role.BRANCH_SECRETARY}, COORDINATING),
    "landing.opened_by_camera": Admission(
        EVERYBODY, EVERYBODY, "label in one's hands", True
    ),  # who may scan goes on to do so
    "inbox.home": _SIGNED_IN,
    "inbox.read_all": _SIGNED_IN,
    "inbox.follow": _of("notice", EVERYBODY, NOBODY),
    "wish.page": _WISH,
    "wish.act": _of("wish", NOBODY, NOBODY),  # as each move says: see move_admission
    "wish.answer_clock": _CLOCK,  # its four answers as the four addresses of the API
    "volunteer.mine": Admission(frozenset({Role.VOLUNTEER})),
    "volunteer.browse": Admission(TAKING),
    "branch.home": Admission(frozenset({Role.BRANCH_SECRETARY})),
    "branch.answer": _of("proposal", {Role.BRANCH_SECRETARY}),
    "community.home": Admission(frozenset({Role.SOCIAL_WORKER})),
    "community.wishes": Admission(frozenset({Role.SOCIAL_WORKER})),
    "desk.home": _COORDINATE,
    "desk.wishes": _WATCH,
    "desk.act": _of("submitted wish", COORDINATING, COORDINATING),
    "desk.people": _COORDINATE,
    "board.now_list": _COORDINATE,
    "board.act": _of("claimed wish", COORDINATING, COORDINATING),
    "board.download": _WATCH,
    "board.make_link": _COORDINATE,
    "board.end_link": _of("link", COORDINATING, COORDINATING),
    "gaps.home": _WATCH,
    "gaps.figures": _WATCH,
    "gaps.compare": _WATCH,
    "policies.home": _COORDINATE,
    "policies.save": _COORDINATE,
    "policies.save_reserve": _COORDINATE,
    "policies.close": _ADMINISTER,
    "outbox.home": _COORDINATE,
    "outbox.retry": _COORDINATE,
    "lapses.home": _COORDINATE,
    "lapses.excuse": _of("claim", COORDINATING, COORDINATING),
    "matching.home": _COORDINATE,
    "matching.start": _COORDINATE,
    "matching.progress": _COORDINATE,
    "matching.what_if": _COORDINATE,
    "matching.weights": _COORDINATE,
    "matching.run": _RUN,
    "matching.undo": _RUN,
    "matching.answer": _RUN,
    "matching.advice": _RUN,
    "inspection.home": Admission(COORDINATING | CARRYING),
    "inspection.act": _of("ready wish", COORDINATING | {Role.INSPECTOR}, COORDINATING | {Role.INSPECTOR}),
    "inspection.check": _of("ready wish", COORDINATING | CARRYING, COORDINATING | CARRYING),
    "inspection.decide": _of("ready wish", COORDINATING | {Role.INSPECTOR}, COORDINATING | {Role.INSPECTOR}),
    "custody.bought": _of("claimed wish", COORDINATING | TAKING, COORDINATING),
    "custody.buy": _of("claimed wish", COORDINATING | TAKING, COORDINATING),
    "custody.checks": _of("ready wish", SENDING | TAKING, COORDINATING),
    "custody.checked": _of("ready wish", SENDING | TAKING, COORDINATING),
    "custody.picture": _of("picture", WATCHING | TAKING | {Role.INSPECTOR}, WATCHING | {Role.INSPECTOR}),
    "custody.checklists": Admission(COORDINATING | CARRYING),
    **dict.fromkeys(
        (
            "warehouse.desk",
            "warehouse.scan",
            "warehouse.undo_scan",
            "warehouse.boxes",
            "warehouse.make_box",
            "warehouse.make_shipment",
            "warehouse.count_list",
            "warehouse.begin_count",
        ),
        Admission(COORDINATING | CARRYING),
    ),
    "warehouse.box": _of("box", COORDINATING | CARRYING, COORDINATING | CARRYING),
    **dict.fromkeys(
        ("warehouse.shipment", "warehouse.load", "warehouse.leave"),
        _of("shipment", COORDINATING | CARRYING, COORDINATING | CARRYING),
    ),
    **dict.fromkeys(
        ("warehouse.count", "warehouse.end_count"), _of("count", COORDINATING | CARRYING, COORDINATING | CARRYING)
    ),
    **dict.fromkeys(
        (f"appointment.{name}" for name in ("page", "propose", "agree", "attended", "no_show")),
        _of("scheduled wish", SENDING | TAKING, COORDINATING),
    ),
    "custody.add": _COORDINATE,
    "custody.end": _of("check", COORDINATING, COORDINATING),
    "handover.scan": Admission(COORDINATING | TAKING | {Role.SOCIAL_WORKER, Role.COURIER}),
    "handover.confirm": Admission(COORDINATING | TAKING | {Role.SOCIAL_WORKER, Role.COURIER}),
    "scans.home": _WATCH,
    "scans.settle_matter": _of("claim", COORDINATING, COORDINATING),
    "scans.devices_page": _COORDINATE,
    "scans.finder_contact": _COORDINATE,
    "scans.revoke_device": _of("device", COORDINATING, COORDINATING),
    "scans.record": _of("claimed wish", WATCHING, WATCHING),
    "scans.renew_label": _of("claimed wish", SENDING | {Role.INSPECTOR}, COORDINATING | {Role.INSPECTOR}),
    "scans.add_photo": _of("scan", COORDINATING | TAKING | {Role.SOCIAL_WORKER, Role.COURIER}),
    "scans.photo": _of("photograph of a scan", WATCHING, WATCHING),
    **dict.fromkeys(
        ("round.page", "round.pack", "round.token", "round.scans", "round.part", "round.worker", "round.manifest"),
        Admission(COORDINATING | TAKING | {Role.SOCIAL_WORKER, Role.COURIER}),
    ),
    "handover.receipt": _of("claimed wish", SENDING, COORDINATING),
    "printing.home": Admission(COORDINATING | {Role.INSPECTOR, Role.SOCIAL_WORKER}),
    "printing.start": Admission(COORDINATING | {Role.INSPECTOR, Role.SOCIAL_WORKER}),
    "printing.jobs": Admission(COORDINATING | {Role.INSPECTOR, Role.SOCIAL_WORKER}),
    "printing.fetch": _of("print run", COORDINATING | {Role.INSPECTOR, Role.SOCIAL_WORKER}),
    "printing.label": _of("claimed wish", COORDINATING | TAKING | {Role.INSPECTOR}, COORDINATING | {Role.INSPECTOR}),
    "papers.home": _of("wish", SENDING, COORDINATING),
    "papers.look": _of("wish", {Role.SOCIAL_WORKER}),  # who coordinates: while an approval holds
    "papers.correct": _of("wish", {Role.SOCIAL_WORKER}),  # likewise
    "papers.scan": _of("wish", {Role.SOCIAL_WORKER}),  # likewise
    "papers.consent": _of("wish", SENDING, COORDINATING),
    "papers.withdraw": _of("wish", SENDING, COORDINATING),
    "papers.link": _of("wish", SENDING, COORDINATING),
    "papers.erase": _of("wish", SENDING, COORDINATING),
    **dict.fromkeys(("readdressing.home", "readdressing.send"), _of("claimed wish", SENDING, COORDINATING)),
    "receivers.home": _of("in_transit wish", SENDING | TAKING | {Role.COURIER}, COORDINATING | {Role.COURIER}),
    "receivers.add": _of("wish", SENDING, COORDINATING),
    "receivers.end": _of("listed receiver", SENDING, COORDINATING),
    "guardian.home": _GUARDIAN,
    "guardian.open_": _GUARDIAN,
    "guardian.correct": _GUARDIAN,
    "guardian.receiver": _GUARDIAN,
    "guardian.end_receiver": _GUARDIAN,
    "guardian.withdraw": _GUARDIAN,
    "guardian.erase": _GUARDIAN,
    "guardian.feedback": _GUARDIAN,
    "guardian.missing": _GUARDIAN,
    "answer.door": _PUBLIC,
    "answer.typed": _PUBLIC,
    "answer.home": _ANSWER,
    "answer.send": _ANSWER,
    "answer.missing": _ANSWER,
    "feedback.thanks": Admission(COORDINATING | TAKING | {Role.SOCIAL_WORKER}),
    "feedback.decide": _of("message of thanks", SENDING, COORDINATING),
    "feedback.wish": _of("delivered wish", SENDING | TAKING | {Role.AUDITOR}, COORDINATING | {Role.AUDITOR}),
    "feedback.send_wish": _of("delivered wish", TAKING | {Role.SOCIAL_WORKER}),
    "feedback.missing_wish": _of("delivered wish", {Role.SOCIAL_WORKER}),
    "feedback.link": _of("delivered wish", SENDING, COORDINATING),
    "identities.home": _COORDINATE,
    "identities.ask": _COORDINATE,
    "identities.decide": _of("asking", ADMINISTERING, ADMINISTERING),
    "concern.report": _PUBLIC,
    "concern.send": _PUBLIC,
    "concerns.home": _ADMINISTER,
    "concerns.read": _of("concern", ADMINISTERING, ADMINISTERING),
    "concerns.handle": _of("concern", ADMINISTERING, ADMINISTERING),
    "auditing.home": Admission(ADMINISTERING | {Role.AUDITOR}),
    "intake.files": _SEND,
    "intake.files_progress": _SEND,
    "intake.upload": _SEND,
    "intake.new_wish": _SEND,
    "intake.enter_wish": _SEND,
    "intake.offline_worker": Admission(EVERYBODY, EVERYBODY, "", True),
    "intake.template": _SEND,
    "intake.file": _FILE,
    "intake.annotated": _FILE,
    "intake.report": _FILE,
    "intake.place": _FILE,
    "intake.consent": _FILE,
    "intake.revision": _FILE,
    "intake.accept_all_parked": _FILE,
    "intake.teach_role": _FILE,
    "intake.row": _ROW,
    "intake.accept": _ROW,
    "intake.reject": _ROW,
    "intake.keep": _ROW,
    "intake.merge": _ROW,
    "intake.correct": _ROW,
    "intake.consent_of_row": _ROW,
    "intake.words": _COORDINATE,
    "intake.add_word": _COORDINATE,
    "intake.remove_word": _of("word", COORDINATING, COORDINATING),
    "intake.forget_role": _of("column", COORDINATING, COORDINATING),
}

API: dict[str, Admission] = {
    "api.openapi": _PUBLIC,
    "api.list_campaigns": _SIGNED_IN,
    "api.get_campaign": _SIGNED_IN,
    "api.count_wishes": _SIGNED_IN,
    "api.list_wishes": _SIGNED_IN,
    "api.get_wish": _WISH,
    "api.list_claims": _SIGNED_IN,
    "api.list_proposals": _SIGNED_IN,
    "api.list_notices": _SIGNED_IN,
    "api.read_notice": _of("notice", EVERYBODY, NOBODY),
    "api.read_all_notices": _SIGNED_IN,
    "api.list_tokens": _SIGNED_IN,
    "api.make_token": _SIGNED_IN,
    "api.revoke_token": _of("token", EVERYBODY, NOBODY),
    "api.hand_over": _SIGNED_IN,
    "api.report_scans": _SIGNED_IN,
    "api.get_gaps": _WATCH,
    "api.compare_gaps": _WATCH,
    "api.list_forecasts": _WATCH,
    "api.get_forecast": _of("claimed wish", EVERYBODY, COORDINATING | CARRYING | {Role.AUDITOR}),
    "api.acknowledge_clock": _CLOCK,
    "api.postpone_clock": _CLOCK,
    "api.pause_clock": _STOP,
    "api.resume_clock": _STOP,
    **{f"api.{name}_wish": move_admission(name) for name in MOVES if name not in WITHOUT_ADDRESS},
}

ROUTES: dict[str, Admission] = {**PAGES, **API}


# --- the same as a document ---------------------------------------------------------------------------------------------


_BY_LABEL = {
    By.COMMUNITY: "social worker of the child's community",
    By.COORDINATOR: "who coordinates",
    By.TAKER: "who took it",
    By.PROPOSED_TO: "to whom it is proposed",
    By.BROWSER: "volunteers and secretaries who browse",
    By.COURIER: "courier",
    By.INSPECTOR: "inspector",
    By.AUDITOR: "auditor",
    By.SYSTEM: "the engine and the sweeps",
}
_FIELD_LABEL = {
    Field.WISH: "the thing: item, size, quantity, price",
    Field.DISTRICT: "district",
    Field.AGE_BAND: "age band",
    Field.SEX: "sex",
    Field.STATUS: "status",
    Field.TAKER: "who took it",
    Field.PLACE: "hand-over place",
    Field.CHILD: "the child's alias, and why it was admitted",
    Field.IDENTITY: "names, birth, address, phones, school",
}


def _who(roles: frozenset[Role]) -> str:
    if not roles:
        return "—"
    return (
        "every role" if roles == EVERYBODY else ", ".join(ROLE_LABEL[role].en.lower() for role in Role if role in roles)
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    return ["", *(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows)), ""]


def _admissions(table: dict[str, Admission]) -> list[str]:
    rows = []
    for name, one in table.items():
        if one.anybody:
            rows.append((f"`{name}`", one.what or "—", "anybody", "anybody"))
        elif name != "wish.act":
            rows.append((f"`{name}`", one.what or "—", _who(one.own), _who(one.other) if one.what else ""))
    return _table(("address", "object", "own object", "another's, same campaign"), rows)


def _stages(stages: tuple[Status, ...]) -> str:
    return "always" if len(stages) == len(Status) else ", ".join(stages)


def document() -> str:
    """``docs/access.md``."""
    lines = [
        "# Who is admitted where, and who sees what",
        "",
        "Printed by `python -m wishes.admission > docs/access.md` from `wishes/admission.py`, `wishes/access.py` and `wishes/lifecycle.py`;",
        "the suite asks the running application for every line and fails when this page is not current.",
        "Nobody but the site administrator is admitted to a campaign they have no role in: they do not even learn that it exists.",
        "",
        "## Pages",
        *_admissions(PAGES),
        "## API",
        *_admissions({name: one for name, one in API.items() if not name.endswith("_wish") or name == "api.get_wish"}),
        "## Moves of a wish, by page and by API",
        *_table(
            ("move", "of one's own wish", "of another's", "relation"),
            (
                (f"`{name}`", _who(one.own), _who(one.other), ", ".join(_BY_LABEL[by] for by in sorted(MOVES[name].by)))
                for name in MOVES
                for one in (move_admission(name),)
            ),
        ),
        "## Fields of a wish: who sees them, and when",
        *_table(
            ("field", "relation", "while the wish is"),
            (
                (_FIELD_LABEL[field], _BY_LABEL[by], _stages(stages))
                for field, seen in FIELDS.items()
                for by, stages in seen.items()
            ),
        ),
        "## Fields seen besides while an approved access to the child holds",
        *_table(
            ("field", "relation", "while the wish is"),
            (
                (_FIELD_LABEL[field], _BY_LABEL[by], _stages(stages))
                for field, seen in APPROVED_FIELDS.items()
                for by, stages in seen.items()
            ),
        ),
        "An approved access assigns one child, a community or the campaign to a coordinator, for a purpose and a time; somebody else approves",
        "it. Who may see an identity may put it right, with a reason. Every look and every correction is recorded.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(document(), end="")
