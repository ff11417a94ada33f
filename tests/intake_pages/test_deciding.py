"""What could not be settled is decided by a person, at once or one by one, and it is recorded who did."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from tests.intake_pages.conftest import ROW, WISH, Person, Site
from tests.intake_pages.senders import DIRTY, HEADER, line, xlsx
from tests.web.house import check_page
from wishes.access import Role
from wishes.campaigns.loading import table_of
from wishes.commands.edge import OPERATOR
from wishes.events.tables import Event
from wishes.intake.files import row_for
from wishes.intake.tables import Consent
from wishes.intake.understanding.model import Entry
from wishes.protection.vault import Vault

EVENT, CONSENT = table_of(Event), table_of(Consent)


@pytest.fixture
def desk(site: Site) -> tuple[Site, Person, int]:
    """The site, a coordinator, and the id of a file with everything in it."""
    coordinator = site.sign_in()
    coordinator.upload(("来件.xlsx", xlsx(DIRTY)))
    site.work()
    return site, coordinator, site.file("来件.xlsx").id


def _opened(site: Site, row_id: int) -> Entry:
    with site.database.reading() as session:
        return row_for(session, row_id, OPERATOR).opened(Vault(site.keyring))


def _row_of(site: Site, file_id: int, child: str, part: int = 0) -> int:
    return [row.id for row in site.entries(file_id) if _opened(site, row.id).child == child][part]


def _row(site: Site, row_id: int) -> Any:
    return site.rows(sa.select(ROW).where(ROW.c.id == row_id))[0]


def test_every_view_of_a_file_keeps_the_house_rules(desk: tuple[Site, Person, int]) -> None:
    site, coordinator, file_id = desk
    for show in ("parked", "rejected", "duplicate", "warnings", "accepted", "grid"):
        check_page(coordinator.page(f"/import/{file_id}?show={show}"), show)
        check_page(coordinator.page(f"/import/{file_id}?show={show}&lang=en"), show)
    for row in site.entries(file_id):
        check_page(coordinator.page(f"/import/row/{row.id}"), "row")


def test_the_sheet_is_shown_as_sent_with_what_was_recognised(desk: tuple[Site, Person, int]) -> None:
    _, coordinator, file_id = desk
    page = coordinator.page(f"/import/{file_id}?show=grid")
    for said in (
        "临安区锦城街道困境儿童微心愿征集表",
        *HEADER,
        "一个神秘的东西",
        "认不出是什么物品",
        "不安全的物品",
        "监护人电话",
    ):
        assert said in page, said


def test_a_parked_entry_is_accepted_as_it_was_read(desk: tuple[Site, Person, int]) -> None:
    site, coordinator, file_id = desk
    row_id, before = _row_of(site, file_id, "章三"), site.wishes()
    coordinator.post(f"/import/row/{row_id}/accept", page=f"/import/{file_id}?show=parked")
    row = _row(site, row_id)
    assert (row.status, row.resolved_by) == ("accepted", coordinator.account_id)
    assert site.wishes() == before + 1


def test_a_corrected_entry_is_judged_again(desk: tuple[Site, Person, int]) -> None:
    site, coordinator, file_id = desk
    row_id = _row_of(site, file_id, "章二")
    coordinator.post(
        f"/import/row/{row_id}/correct",
        page=f"/import/row/{row_id}",
        item="地球仪",
        price_high="88.50",
        price_low="88.50",
    )
    row = _row(site, row_id)
    wish = site.rows(sa.select(WISH).where(WISH.c.id == row.wish_id))[0]
    assert (row.status, wish.item, wish.price_fen, wish.status) == ("accepted", "地球仪", 8850, "submitted")


def test_a_correction_may_prove_worse(desk: tuple[Site, Person, int]) -> None:
    site, coordinator, file_id = desk
    row_id = _row_of(site, file_id, "章二")
    answer = coordinator.post(f"/import/row/{row_id}/correct", page=f"/import/row/{row_id}", item="水果刀")
    assert "不安全的物品" in answer.text
    assert _row(site, row_id).status == "rejected"


def test_a_value_that_cannot_be_is_said_beside_its_entry(desk: tuple[Site, Person, int]) -> None:
    site, coordinator, file_id = desk
    row_id = _row_of(site, file_id, "章二")
    for name, value in (("price_high", "很多"), ("birth", "昨天"), ("phone", "12345")):
        answer = coordinator.post(f"/import/row/{row_id}/correct", page=f"/import/row/{row_id}", **{name: value})
        assert answer.status_code == 422
        assert f'id="f-{name}-error"' in answer.text
        assert f'value="{value}"' in answer.text
        check_page(answer.text, name)
    assert _row(site, row_id).status == "parked"


def test_a_refusal_needs_a_reason_and_keeps_it(desk: tuple[Site, Person, int]) -> None:
    site, coordinator, file_id = desk
    row_id = _row_of(site, file_id, "章八")
    coordinator.post(f"/import/row/{row_id}/reject", page=f"/import/row/{row_id}", reason="")
    assert _row(site, row_id).status == "parked"
    coordinator.post(f"/import/row/{row_id}/reject", page=f"/import/row/{row_id}", reason="unsafe_item")
    assert (_row(site, row_id).status, _row(site, row_id).reasons) == ("rejected", ["unsafe_item"])


def test_what_is_unsafe_cannot_be_accepted_by_a_tap(desk: tuple[Site, Person, int]) -> None:
    site, coordinator, file_id = desk
    row_id = _row_of(site, file_id, "章四")
    answer = coordinator.post(f"/import/row/{row_id}/accept", page=f"/import/row/{row_id}")
    assert "请先更正" in answer.text
    assert _row(site, row_id).status == "rejected"


def test_a_duplicate_is_shown_beside_its_original_and_merged_or_kept(desk: tuple[Site, Person, int]) -> None:
    site, coordinator, file_id = desk
    row_id, before = _row_of(site, file_id, "章七", 1), site.wishes()
    page = coordinator.page(f"/import/{file_id}?show=duplicate")
    assert "versus__differs" in page  # the size stands in one of them only
    coordinator.post(
        f"/import/row/{row_id}/merge", page=f"/import/row/{row_id}", into=_row_of(site, file_id, "章七", 0)
    )
    assert (_row(site, row_id).status, _row(site, row_id).resolved_by, site.wishes()) == (
        "duplicate", coordinator.account_id, before,
    )  # fmt: skip
    coordinator.post(f"/import/row/{row_id}/accept", page=f"/import/row/{row_id}")
    assert (_row(site, row_id).status, site.wishes()) == ("accepted", before + 1)


def test_consents_by_word_of_mouth_are_confirmed_together(desk: tuple[Site, Person, int]) -> None:
    site, coordinator, file_id = desk
    before = site.wishes()
    page = f"/import/{file_id}?show=rejected"
    assert coordinator.post(f"/import/{file_id}/consent", page, said="口头").status_code == 422
    answer = coordinator.post(f"/import/{file_id}/consent", page, said="口头", on="2021-06-01").text
    assert "已登记 2 条同意" in answer
    assert site.wishes() == before + 2
    consents = site.rows(sa.select(CONSENT).where(CONSENT.c.basis == "phone"))
    assert {(row.recorded_by, row.evidence) for row in consents} == {
        (coordinator.account_id, "confirmed by phone on 2021-06-01")
    }
    assert _row(site, _row_of(site, file_id, "章九")).status == "rejected"  # said 没有, not 口头


def test_all_that_wait_for_one_doubt_are_accepted_together(desk: tuple[Site, Person, int]) -> None:
    site, coordinator, file_id = desk
    coordinator.post(f"/import/{file_id}/accept-parked", page=f"/import/{file_id}", doubt="item_unknown")
    assert _row(site, _row_of(site, file_id, "章二")).status == "accepted"
    assert _row(site, _row_of(site, file_id, "章三")).status == "parked"
    coordinator.post(f"/import/{file_id}/accept-parked", page=f"/import/{file_id}")
    assert site.statuses(file_id).get("parked") == 1
    assert _row(site, _row_of(site, file_id, "章八")).status == "parked"  # perhaps dangerous: to be looked at by itself


def test_no_event_says_who_a_child_is(desk: tuple[Site, Person, int]) -> None:
    site, coordinator, file_id = desk
    row_id = _row_of(site, file_id, "章二")
    coordinator.post(
        f"/import/row/{row_id}/correct", page=f"/import/row/{row_id}", item="地球仪", child="章零", guardian="余零"
    )
    coordinator.post(f"/import/{file_id}/accept-parked", page=f"/import/{file_id}")
    coordinator.get(f"/import/{file_id}/report")
    told = [row for row in site.rows(sa.select(EVENT.c.action, EVENT.c.data, EVENT.c.reason, EVENT.c.actor_id)) if row]
    text = json.dumps([[row.action, row.data, row.reason] for row in told], ensure_ascii=False)
    assert not [word for word in ("章零", "章二", "余零", "1990000", "锦城") if word in text]
    resolved = [row for row in told if row.action == "resolve_row"]
    assert resolved and {row.actor_id for row in resolved} == {coordinator.account_id}
    assert "download_report" in {row.action for row in told}


def test_another_campaigns_entries_are_not_found(desk: tuple[Site, Person, int]) -> None:
    _, coordinator, _ = desk
    assert coordinator.get("/import/999999").status_code == 404
    assert coordinator.get("/import/row/999999").status_code == 404


def test_a_decision_leads_back_to_where_it_was_made_and_nowhere_else(desk: tuple[Site, Person, int]) -> None:
    site, coordinator, file_id = desk
    row_id = _row_of(site, file_id, "章三")
    there = f"/c/hangzhou-2021/import/{file_id}?show=parked#row-5"
    answer = coordinator.post(f"/import/row/{row_id}/accept", page=f"/import/{file_id}", follow=False, next=there)
    assert answer.headers["Location"] == there
    answer = coordinator.post(
        f"/import/row/{row_id}/accept", page=f"/import/{file_id}", follow=False, next="//evil.example/"
    )
    assert "evil" not in answer.headers["Location"]


def test_a_corrected_column_is_remembered_for_its_sender(site: Site) -> None:
    coordinator = site.sign_in()
    header = list(HEADER)
    header[7], header[10] = "想得到的", "小小期待"
    rows = [[*line(child)[:7], "", *line(child)[8:10], "书包"] for child in ("章一", "章二", "章三")]
    coordinator.upload(("来件.xlsx", xlsx(rows, header=header)))
    site.work()
    file_id = site.file("来件.xlsx").id
    answer = coordinator.post(
        f"/import/{file_id}/role", page=f"/import/{file_id}?show=grid", title="小小期待", role="wish"
    )
    assert answer.status_code == 200
    site.work()
    again = site.file("来件.xlsx").id
    assert again != file_id
    if site.file("来件.xlsx").state == "revises":
        coordinator.post(f"/import/{again}/revision", page=f"/import/{again}", decision="apply")
        site.work()
    assert site.statuses(again).get("accepted", 0) + site.statuses(file_id).get("accepted", 0) == 3
    others = [[*line(child)[:7], "", *line(child)[8:10], "地球仪"] for child in ("俞一", "俞二")]
    coordinator.upload(("下一份.xlsx", xlsx(others, header=header)))
    site.work()
    assert site.statuses(site.file("下一份.xlsx").id) == {"accepted": 2}


def test_one_consent_is_recorded_on_the_page_with_who_how_and_when(desk: tuple[Site, Person, int]) -> None:
    site, coordinator, file_id = desk
    row_id, before = _row_of(site, file_id, "章九"), site.wishes()
    page = coordinator.page(f"/import/{file_id}?show=rejected")
    assert "同意栏写着“没有”" in page
    told = {"how": "visit", "giver": "母亲", "on": "2021-06-02"}
    coordinator.post(f"/import/row/{row_id}/consent", page=f"/import/{file_id}?show=rejected", **told)
    row = _row(site, row_id)
    assert (row.status, row.resolved_by, site.wishes()) == ("accepted", coordinator.account_id, before + 1)
    [consent] = site.rows(sa.select(CONSENT).where(CONSENT.c.basis == "visit"))
    assert (consent.evidence, consent.recorded_by) == ("confirmed by visit on 2021-06-02, 母亲", coordinator.account_id)


def test_what_may_be_one_is_shown_side_by_side_and_decided(site: Site) -> None:
    coordinator = site.sign_in()
    phone = "19900004321"
    lines = [line("章一", birth=birth, phone=phone) for birth in ("2012-01-05", "2012-08-09")]
    coordinator.upload(("来件.xlsx", xlsx(lines)))
    site.work()
    file_id = site.file("来件.xlsx").id
    assert "来件.xlsx" in coordinator.page("/import?show=attention")
    page = coordinator.page(f"/import/{file_id}?show=maybe")
    check_page(page, "maybe")
    assert "versus__differs" in page and "2012-01-05" in page and "2012-08-09" in page
    [row] = [row for row in site.entries(file_id) if "maybe_duplicate" in row.warnings]
    coordinator.post(f"/import/row/{row.id}/keep", page=f"/import/{file_id}?show=maybe")
    assert (site.wishes(), _row(site, row.id).resolved_by) == (2, coordinator.account_id)
    assert "来件.xlsx" not in coordinator.page("/import?show=attention")
    coordinator.upload(("又一次.xlsx", xlsx(lines)))
    site.work()
    assert "又一次.xlsx" not in coordinator.page("/import?show=attention")
    assert site.wishes() == 2


def test_a_corrected_word_is_remembered_for_its_sender_and_corrects_its_like(site: Site) -> None:
    coordinator = site.sign_in()
    coordinator.upload(("来件.xlsx", xlsx([line(child, "噼啪宝") for child in ("章一", "章二", "章三")])))
    site.work()
    file_id = site.file("来件.xlsx").id
    row_id = _row_of(site, file_id, "章一")
    page = coordinator.page(f"/import/row/{row_id}")
    assert "还有 2 条" in page
    answer = coordinator.post(
        f"/import/row/{row_id}/correct", page=f"/import/row/{row_id}", item="地球仪", alike="1", remember="1"
    )
    assert "写法相同的 2 条" in answer.text and "记住了" in answer.text
    assert site.statuses(file_id) == {"accepted": 3}
    coordinator.upload(
        ("下一份.xlsx", xlsx([line("章四", "噼啪宝")])),
        ("别处.xlsx", xlsx([line("章五", "噼啪宝", town="锦北街道")], title="临安区锦北街道困境儿童微心愿征集表")),
    )
    site.work()
    assert site.statuses(site.file("下一份.xlsx").id) == {"accepted": 1}
    assert site.statuses(site.file("别处.xlsx").id) == {"parked": 1}
    words = coordinator.page("/import/words")
    check_page(words, "/import/words")
    assert "锦城街道" in words and "噼啪宝" in words
    word_id = words.split("/import/words/")[1].split("/")[0]
    coordinator.post(f"/import/words/{word_id}/remove", page="/import/words", book="items")
    coordinator.upload(("忘了.xlsx", xlsx([line("章六", "噼啪宝")])))
    site.work()
    assert site.statuses(site.file("忘了.xlsx").id) == {"parked": 1}


def test_a_corrected_township_is_remembered_for_its_sender(site: Site) -> None:
    coordinator = site.sign_in()
    title = "临安区妇联困境儿童微心愿征集表"

    def of_the_village(child: str) -> list[str]:
        told = line(child)
        return [*told[:4], "畔湖沿村12号", *told[5:]]

    coordinator.upload(("来件.xlsx", xlsx([of_the_village("章一")], title=title)))
    site.work()
    file_id = site.file("来件.xlsx").id
    [row] = site.entries(file_id)
    entry = _opened(site, row.id)
    assert (entry.town, entry.village) == (None, "畔湖沿村")
    page = coordinator.page(f"/import/row/{row.id}")
    assert "记住：这个发件人写的“畔湖沿村”" in page
    answer = coordinator.post(
        f"/import/row/{row.id}/correct", page=f"/import/row/{row.id}", town="330112006", remember_place="1"
    )
    assert "记住了：这个发件人写的“畔湖沿村”" in answer.text
    coordinator.upload(
        ("下一份.xlsx", xlsx([of_the_village("章二")], title=title)),
        ("别处.xlsx", xlsx([of_the_village("章三")], title="西湖区妇联困境儿童微心愿征集表")),
    )
    site.work()
    read = {name: _opened(site, site.entries(site.file(f"{name}.xlsx").id)[0].id).town for name in ("下一份", "别处")}
    assert read == {"下一份": "330112006", "别处": None}
    words = coordinator.page("/import/words")
    check_page(words, "/import/words")
    assert "畔湖沿村" in words


def test_a_corrected_category_and_type_of_need_are_remembered_too(site: Site) -> None:
    coordinator = site.sign_in()
    header = [*HEADER[:10], "困境类型"]
    rows = [[*line(child, "噼啪宝")[:10], "候鸟"] for child in ("章一", "章二")]
    coordinator.upload(("来件.xlsx", xlsx(rows[:1], header=header)))
    site.work()
    row_id = _row_of(site, site.file("来件.xlsx").id, "章一")
    coordinator.post(
        f"/import/row/{row_id}/correct", page=f"/import/row/{row_id}", category="toy", types="left_behind", types_shown="1",
        remember="1",
    )  # fmt: skip
    coordinator.upload(("下一份.xlsx", xlsx(rows[1:], header=header)))
    site.work()
    [row] = site.entries(site.file("下一份.xlsx").id)
    entry = _opened(site, row.id)
    assert (row.status, entry.category, entry.types) == ("accepted", "toy", ("left_behind",))


def test_a_file_of_nowhere_is_placed_before_a_social_worker_of_several_communities_accepts(site: Site) -> None:
    first, second = site.community("子社区"), site.community("丑社区")
    worker = site.sign_in(Role.SOCIAL_WORKER, community_id=first)
    site.grant(worker, Role.SOCIAL_WORKER, community_id=second)
    nowhere = [*line("章一", "一个神秘的东西")[:4], "", *line("章一", "一个神秘的东西")[5:]]
    worker.upload(("来件.xlsx", xlsx([nowhere], title="微心愿汇总")))
    site.work()
    file_id = site.file("来件.xlsx").id
    [row] = site.entries(file_id)
    page = f"/import/{file_id}"
    assert "是哪个社区的" in worker.page(page)
    assert "请先在文件页选择社区" in worker.post(f"/import/row/{row.id}/accept", page=page).text
    assert site.wishes() == 0
    worker.post(f"/import/{file_id}/community", page=page, community=str(second))
    worker.post(f"/import/row/{row.id}/accept", page=page)
    [wish] = site.rows(sa.select(WISH))
    assert (wish.community_id, wish.status) == (second, "submitted")
    assert "是哪个社区的" not in worker.page(page)
