"""Consents, guardians, approvals, concerns and the auditor's page, as people meet them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.factories import NOW, make_token
from tests.protection.world import CONSENT, Kid, World
from tests.web.people import Person, app_of
from wishes.access import Role
from wishes.clock import utc_now
from wishes.lifecycle import Status
from wishes.model import table_of
from wishes.protection.audit import seal_all
from wishes.protection.entries import note
from wishes.protection.tables import AuditEntry, Concern, IdentityAccess
from wishes.tracking.tables import Notice

ENTRY, CONCERN, ACCESS, NOTICE = (table_of(m) for m in (AuditEntry, Concern, IdentityAccess, Notice))


class Site:
    """The world with people at browsers."""

    def __init__(self, world: World) -> None:
        self.world, self.app, self.place = world, app_of(world.settings), world.place
        self.worker = Person(self.app, (self.place.grant(Role.SOCIAL_WORKER, community_id=self.place.community_id),))
        self.coordinator = Person(self.app, (self.place.grant(Role.COORDINATOR),))
        self.admin = Person(self.app, (self.place.grant(Role.CAMPAIGN_ADMIN),))
        self.volunteer = Person(self.app, (self.place.grant(Role.VOLUNTEER, volunteer_id=self.place.volunteer_id),))
        self.auditor = Person(self.app, (self.place.grant(Role.AUDITOR),))
        self.nobody = Person(self.app)

    def at(self, path: str) -> str:
        return f"/c/{self.place.slug}{path}"

    def child(self, kid: Kid) -> str:
        return self.at(f"/wishes/{self.world.wish(kid).code}/child")

    def looks(self) -> list[object]:
        return self.world.rows(sa.select(ENTRY).where(ENTRY.c.kind == "look").order_by(ENTRY.c.id))


@pytest.fixture
def site(world: World) -> Site:
    return Site(world)


def test_a_social_worker_sees_who_the_child_is_only_with_a_reason_and_on_record(site: Site) -> None:
    kid = site.world.kid()
    page = site.child(kid)
    assert not any(secret in site.worker.get(page).text for secret in kid.secrets[:2:2])
    refused = site.worker.post(f"{page}/identity", page, reason="")
    assert refused.status_code == 422 and kid.phone not in refused.text and not site.looks()
    shown = site.worker.post(f"{page}/identity", page, reason="家访前核对电话")
    assert kid.name in shown.text and kid.phone in shown.text
    [look] = site.looks()
    assert (look.child_id, look.reason, look.access_id) == (kid.id, "家访前核对电话", None)  # type: ignore[attr-defined]
    assert "phones" in look.fields and look.request_id == shown.headers["X-Request-Id"]  # type: ignore[attr-defined]


def test_other_peoples_children_do_not_exist(site: Site) -> None:
    kid = site.world.kid(elsewhere=True)
    own = site.child(site.world.kid())
    assert site.worker.get(site.child(kid)).status_code == 404
    for act in ("identity", "correct", "withdraw", "link", "erase"):
        assert site.worker.post(f"{site.child(kid)}/{act}", own, reason="看看").status_code == 404
    for person in (site.volunteer, site.auditor):
        assert person.get(own).status_code == 403
    assert not site.looks()


def test_a_coordinator_needs_an_approval_by_somebody_else_that_ends_by_itself(site: Site) -> None:
    kid, other = site.world.kid(), site.world.kid()
    page, asking = site.child(kid), site.at("/identities")
    assert site.coordinator.post(f"{page}/identity", asking, reason="联系家长").status_code == 403
    code = site.world.wish(kid).code
    site.coordinator.post(asking, asking, purpose="联系家长安排上门", hours="2", wish=code)
    access_id = site.world.one(sa.select(ACCESS.c.id))
    assert site.coordinator.post(f"{asking}/{access_id}/approve", asking).status_code == 302
    assert site.world.one(sa.select(ACCESS.c.decided_at)) is None  # a coordinator approves nothing
    site.admin.post(f"{asking}/{access_id}/approve", asking)
    shown = site.coordinator.post(f"{page}/identity", asking, reason="联系家长")
    assert kid.name in shown.text
    assert site.coordinator.post(f"{site.child(other)}/identity", asking, reason="顺便").status_code == 403
    [look] = site.looks()
    assert (look.access_id, look.child_id) == (access_id, kid.id)  # type: ignore[attr-defined]
    with site.world.database.transaction() as session:
        session.execute(sa.update(ACCESS).values(expires_at=utc_now() - timedelta(seconds=1)))
    assert site.coordinator.post(f"{page}/identity", asking, reason="联系家长").status_code == 403


def test_an_identity_is_put_right_by_who_may_see_it_with_a_reason_and_on_record(site: Site) -> None:
    kid, other = site.world.kid(), site.world.kid()
    page, asking = site.child(kid), site.at("/identities")
    right = {"name": kid.name, "guardian": "测护新", "phones": f"{kid.phone}、13900000321", "birth": "2012-04-01"}
    shown = site.worker.post(f"{page}/identity", page, reason="电话打不通")
    assert 'id="correct-phones"' in shown.text and 'id="correct-phones"' not in site.worker.get(page).text
    refused = site.worker.post(f"{page}/correct", page, **right, reason=" ")
    assert refused.status_code == 422 and "测护新" in refused.text and "为什么更正" in refused.text
    assert site.worker.post(f"{page}/correct", page, **{**right, "birth": "昨天"}, reason="核对").status_code == 422
    assert site.worker.post(f"{page}/correct", page, **right, reason="家长来电").status_code == 302
    again = site.worker.post(f"{page}/identity", page, reason="再看一次").text
    assert "测护新" in again and "13900000321" in again
    entries = site.world.rows(sa.select(ENTRY).where(ENTRY.c.kind == "correct"))
    assert [(each.child_id, each.reason, each.fields, each.access_id) for each in entries] == [
        (kid.id, "家长来电", ["birth", "guardian", "phones"], None)
    ]
    assert "测护新" not in str([tuple(each) for each in entries])
    for person in (site.coordinator, site.admin):
        assert person.post(f"{page}/correct", asking, **right, reason="顺手").status_code == 403
    site.coordinator.post(asking, asking, purpose="核对家长的电话号码", hours="2", wish=site.world.wish(kid).code)
    access_id = site.world.one(sa.select(ACCESS.c.id))
    site.admin.post(f"{asking}/{access_id}/approve", asking)
    assert (
        site.coordinator.post(f"{page}/correct", asking, **{**right, "school": "新校"}, reason="转学").status_code
        == 302
    )
    assert site.coordinator.post(f"{site.child(other)}/correct", asking, **right, reason="转学").status_code == 403
    latest = site.world.rows(sa.select(ENTRY).where(ENTRY.c.kind == "correct").order_by(ENTRY.c.id))[-1]
    assert (latest.fields, latest.access_id) == (["school"], access_id)
    for person in (site.volunteer, site.auditor):
        assert person.post(f"{page}/correct", "/account", **right, reason="顺手").status_code == 403


def test_nobody_approves_their_own_request(site: Site) -> None:
    asking = site.at("/identities")
    site.admin.post(asking, asking, purpose="年度核对名单", hours="24")
    access_id = site.world.one(sa.select(ACCESS.c.id))
    site.admin.post(f"{asking}/{access_id}/approve", asking)
    assert site.world.one(sa.select(ACCESS.c.decided_at)) is None
    second = Person(site.app, (site.place.grant(Role.CAMPAIGN_ADMIN),))
    second.post(f"{asking}/{access_id}/refuse", asking, reason="没有必要")
    assert not site.world.one(sa.select(ACCESS.c.approved)) and site.world.one(sa.select(ACCESS.c.decided_at))


@pytest.mark.parametrize("through", ["worker", "coordinator", "guardian"])
def test_a_withdrawn_consent_hides_the_wish_at_once_from_pages_and_api(site: Site, through: str) -> None:
    kid, world = site.world.kid(status=Status.OPEN), site.world
    code = world.wish(kid).code
    with world.database.transaction() as session:
        token = make_token(
            session, (site.place.grant(Role.VOLUNTEER, volunteer_id=site.place.volunteer_id),), now=utc_now()
        )

    def seen() -> tuple[bool, bool, int]:
        listed = site.app.test_client().get(
            f"/api/v1/campaigns/{site.place.slug}/wishes", headers={"Authorization": f"Bearer {token}"}
        )
        one = site.app.test_client().get(
            f"/api/v1/campaigns/{site.place.slug}/wishes/{code}", headers={"Authorization": f"Bearer {token}"}
        )
        return code in site.volunteer.get(site.at("/browse")).text, code in listed.text, one.status_code

    assert seen() == (True, True, 200)
    if through == "guardian":
        door = guardians_door(site, kid)
        site.nobody.post(f"{door}/open", door, digits=kid.phone[-4:])
        site.nobody.post(f"{door}/withdraw", door)
    else:
        person = site.worker if through == "worker" else site.coordinator
        person.post(f"{site.child(kid)}/withdraw", site.child(kid))
    assert seen() == (False, False, 404)
    assert world.wish(kid).status == Status.VERIFIED
    site.coordinator.post(
        site.at("/wishes"), site.at("/wishes?status=verified"), action="publish", ids=str(kid.wish_id)
    )
    assert seen() == (False, False, 404)  # and nobody can show it again without a new consent
    page = site.child(kid)
    site.worker.post(
        f"{page}/consent", page, how="paper", giver="mother", scope="wish", given_on="2021-06-01", evidence="档案柜 3"
    )
    assert world.one(sa.select(CONSENT.c.giver).where(CONSENT.c.withdrawn_at.is_(None))) == "mother"
    site.coordinator.post(
        site.at("/wishes"), site.at("/wishes?status=verified"), action="publish", ids=str(kid.wish_id)
    )
    assert seen() == (True, True, 200)


def guardians_door(site: Site, kid: Kid) -> str:
    page = site.child(kid)
    made = site.worker.post(f"{page}/link", page)
    found = re.search(r"/g/[\w-]{20,}", made.text)
    assert found is not None
    return found[0]


def test_a_guardian_sees_corrects_and_erases_by_a_link_that_names_nobody(site: Site) -> None:
    kid = site.world.kid()
    door = guardians_door(site, kid)
    first = site.nobody.get(door)
    assert not any(secret in first.text for secret in kid.secrets)
    assert first.headers["Referrer-Policy"] == "no-referrer"
    assert site.nobody.post(f"{door}/correct", door, name="别人").status_code == 404  # not proved yet
    assert site.nobody.post(f"{door}/open", door, digits="0000").status_code == 422
    site.nobody.post(f"{door}/open", door, digits=kid.phone[-4:])
    page = site.nobody.get(door)
    assert kid.name in page.text and kid.phone in page.text
    site.nobody.post(f"{door}/correct", door, guardian="测护新", phones="13811112222")
    assert "13811112222" in site.nobody.get(door).text
    gone = site.nobody.post(f"{door}/erase", door)
    assert gone.status_code == 200
    assert site.world.child(kid).identity is None and site.nobody.get(door).status_code == 404
    assert (site.world.settings.var_dir / "erasures.jsonl").exists()
    assert {look.reason for look in site.looks()} == {"guardian"}  # type: ignore[attr-defined]


def test_five_wrong_tries_end_a_guardians_link(site: Site) -> None:
    kid = site.world.kid()
    door = guardians_door(site, kid)
    for _ in range(5):
        assert site.nobody.post(f"{door}/open", door, digits="0000").status_code == 422
    assert site.nobody.get(door).status_code == 404
    other = guardians_door(site, kid)
    assert site.nobody.get(other).status_code == 200


def test_anybody_may_say_that_they_worry_and_only_administrators_read_it_on_record(site: Site) -> None:
    page = f"/concern?campaign={site.place.slug}"
    assert site.nobody.post("/concern", page, words="短").status_code == 422
    done = site.nobody.post(
        "/concern", page, campaign=site.place.slug, words="邻居家孩子手上有伤", contact="13800001111"
    )
    assert done.status_code == 200
    stored = site.world.one(sa.select(CONCERN.c.words))
    assert "邻居".encode() not in stored
    told = site.world.rows(sa.select(NOTICE.c.account_id).where(NOTICE.c.kind == "concern"))
    assert len(told) >= 3  # every administrator of the campaign
    assert "concerns" in site.admin.get(site.at("/inbox")).text
    for person in (site.worker, site.coordinator, site.auditor, site.volunteer):
        assert person.get(site.at("/concerns")).status_code == 403
    concern_id = site.world.one(sa.select(CONCERN.c.id))
    assert site.coordinator.post(f"{site.at('/concerns')}/{concern_id}/read", site.at("/identities")).status_code == 404
    assert "邻居家孩子手上有伤" not in site.admin.get(site.at("/concerns")).text
    assert (
        "邻居家孩子手上有伤" in site.admin.post(f"{site.at('/concerns')}/{concern_id}/read", site.at("/concerns")).text
    )
    assert site.world.one(sa.select(sa.func.count()).where(ENTRY.c.kind == "read_concern")) == 1
    site.admin.post(f"{site.at('/concerns')}/{concern_id}/handle", site.at("/concerns"), reason="已报警并转介")
    assert site.world.one(sa.select(CONCERN.c.handled_at)) is not None


def test_reports_are_throttled_by_address(site: Site) -> None:
    answers = [site.nobody.post("/concern", "/concern", words=f"第 {i} 次担心").status_code for i in range(6)]
    assert answers == [200] * 5 + [429]


def test_the_auditor_searches_the_record_and_finds_no_identity_in_it(site: Site) -> None:
    kid = site.world.kid()
    page, audit = site.child(kid), site.at("/audit")
    site.worker.post(f"{page}/identity", page, reason="核对")
    site.coordinator.post(f"{page}/withdraw", page)
    seal_all(
        site.world.database,
        keyring=site.world.keyring,
        now=NOW,
        folder=site.world.settings.var_dir / "audit",
        patience=5,
    )
    code, alias = site.world.wish(kid).code, site.world.child(kid).alias
    for query, there in (
        (f"source=entry&child={alias}", "核对"),
        (f"source=entry&wish={code}&what=look", "核对"),
        (f"source=event&wish={code}", "taken back by the campaign"),
        ("source=event&what=withdraw_consent&since=2021-01-01", "withdraw_consent"),
        ("source=entry&who=nobody-of-that-name", "没有这样的记录"),
        ("source=event&until=2001-01-01", "没有这样的记录"),
    ):
        shown = site.auditor.get(f"{audit}?{query}").text
        assert there in shown, query
        assert not any(secret in shown for secret in kid.secrets)
    for person in (site.worker, site.coordinator, site.volunteer):
        assert person.get(audit).status_code == 403


def test_the_record_is_paged(site: Site) -> None:
    with site.world.database.transaction() as session:
        for i in range(120):
            note(
                session,
                "look",
                actor=site.world.worker,
                campaign_id=site.place.id,
                now=NOW,
                reason=f"第{i:03}次",
                data={},
            )
    seen, url, pages = set(), site.at("/audit?source=entry"), 0
    while url:
        text, pages = site.auditor.get(url).text, pages + 1
        seen |= set(re.findall(r"第\d{3}次", text))
        older = [link.replace("&amp;", "&") for link in re.findall(r'href="([^"]*before=\d+[^"]*)"', text)]
        url = next(
            (link for link in older if not link.startswith("?")), ""
        )  # the language's link leads to this same page
    assert len(seen) == 120 and pages == 3


@pytest.mark.parametrize("path", ["/c/{slug}/audit", "/c/{slug}/concerns", "/c/{slug}/identities"])
def test_another_campaigns_people_find_nothing(site: Site, path: str) -> None:
    from tests.factories import make_campaign

    with site.world.database.transaction() as session:
        other = make_campaign(session)
    stranger = Person(site.app, (other.grant(Role.CAMPAIGN_ADMIN),))
    assert stranger.get(path.format(slug=site.place.slug)).status_code == 404
