"""The template, the form for one wish, and the campaign's own words: all go through the same rules."""

from __future__ import annotations

import io

import openpyxl
import pytest
import sqlalchemy as sa

from tests.intake_pages.conftest import FILE, WISH, Person, Site
from tests.intake_pages.senders import line, xlsx
from tests.web.house import check_page
from wishes.access import Role
from wishes.campaigns.queries import place_names
from wishes.intake.template_book import COLUMNS

WISHED = {
    "child": "章一", "sex": "F", "birth": "2012-05-01", "town": "", "village": "前进村", "guardian": "余一", "relation": "母亲",
    "phone": "19900000001", "wish": "书包", "price": "120", "consent": "yes", "types": ["留守"],
}  # fmt: skip


def _template(site: Site, person: Person) -> openpyxl.Workbook:
    answer = person.get("/import/template")
    assert answer.status_code == 200
    return openpyxl.load_workbook(io.BytesIO(answer.data))


def test_the_template_has_choices_text_columns_examples_and_instructions(site: Site) -> None:
    book = _template(site, site.sign_in())
    sheet = book["心愿"]
    titles = {cell.value: cell.column_letter for cell in sheet[1]}
    rules = {str(rule.sqref).split(":")[0].rstrip("0123456789"): rule for rule in sheet.data_validations.dataValidation}
    for title in ("性别", "监护人同意", "微心愿", "区县", "乡镇街道"):
        assert rules[titles[title]].type == "list", title
    for title in ("监护人电话", "出生日期"):
        assert sheet.column_dimensions[titles[title]].width >= 10
        assert sheet[f"{titles[title]}2"].number_format == "@", title
    assert book["选项"].sheet_state == "hidden"
    assert "现金" in "".join(str(cell.value) for cell in book["填表说明"]["A"])


def test_an_empty_template_holds_no_wish_and_a_filled_one_is_read_without_a_doubt(site: Site) -> None:
    coordinator = site.sign_in()
    book = _template(site, coordinator)
    sheet = book["心愿"]
    values = {
        "number": "1", "sex": "男", "birth": "2011-11-20", "county": "临安区", "town": "锦城街道", "village": "前进村", "types": "留守",
        "relation": "父亲", "qty": "1", "price": "150", "consent": "有",
    }  # fmt: skip
    empty = io.BytesIO()
    book.save(empty)
    for number, (child, wish) in enumerate((("章一", "书包"), ("章二", "运动鞋"), ("章三", "地球仪")), 4):
        told = {**values, "child": child, "guardian": f"余{child[1]}", "phone": f"1990000000{number}", "wish": wish}
        for at, column in enumerate(COLUMNS, 1):
            sheet.cell(number, at).value = told.get(column.field)
    full = io.BytesIO()
    book.save(full)
    coordinator.upload(("空模板.xlsx", empty.getvalue()), ("模板.xlsx", full.getvalue()))
    site.work()
    assert site.file("空模板.xlsx").counts["read"] == 0
    entries = site.entries(site.file("模板.xlsx").id)
    assert [(row.status, row.reasons, row.warnings) for row in entries] == [("accepted", [], [])] * 3


def test_a_wish_is_entered_on_a_phone(site: Site) -> None:
    worker = site.sign_in(Role.SOCIAL_WORKER, community_id=site.community())
    check_page(worker.page("/import/new"), "/import/new")
    with site.database.reading() as session:
        town = next(code for code, name in place_names(session, site.campaign_id).items() if name == "锦城街道")
    answer = worker.post("/import/new", page="/import/new", **{**WISHED, "town": town})
    assert "已登记" in answer.text
    [wish] = site.rows(sa.select(WISH))
    assert (wish.item, wish.price_fen, wish.status, wish.township_code) == ("书包", 12000, "submitted", town)
    [file] = site.rows(sa.select(FILE))
    assert "章一" not in file.name
    assert "章一" in worker.page(f"/import/{file.id}?show=accepted")


def test_the_same_wish_entered_twice_counts_once(site: Site) -> None:
    worker = site.sign_in()
    for _ in range(2):
        answer = worker.post("/import/new", page="/import/new", **WISHED)
    assert "没有重复登记" in answer.text
    assert site.wishes() == 1


@pytest.mark.parametrize(
    ("change", "at", "said"),
    [
        ({"wish": "电动车"}, "wish", "不安全"),
        ({"wish": "红包500元"}, "wish", "现金"),
        ({"price": "999"}, "price", "超过价格上限"),
        ({"birth": "1980-01-01"}, "birth", "年龄"),
        ({"consent": "no"}, "consent", "先取得同意"),
        ({"phone": "12345"}, "phone", "11 位"),
        ({"child": ""}, "child", "请填写"),
        ({"wish": "一个神秘的东西"}, "wish", "认不出"),
    ],
)
def test_what_the_rules_refuse_is_said_beside_its_entry(
    sqlite_site: Site, change: dict[str, str], at: str, said: str
) -> None:
    answer = sqlite_site.sign_in().post("/import/new", page="/import/new", **{**WISHED, **change})
    assert answer.status_code == 422
    check_page(answer.text, "/import/new")
    error = answer.text.split(f'id="f-{at}-error"')[1].split("</p>")[0]
    assert said in error
    assert sqlite_site.wishes() == 0


def test_what_is_doubtful_may_be_handed_to_a_coordinator(site: Site) -> None:
    worker = site.sign_in()
    odd = {**WISHED, "wish": "一个神秘的东西"}
    assert 'name="insist"' in worker.post("/import/new", page="/import/new", **odd).text
    worker.post("/import/new", page="/import/new", **odd, insist="1")
    [file] = site.rows(sa.select(FILE))
    assert site.statuses(file.id) == {"parked": 1}


def test_the_form_says_what_stays_on_the_phone_and_for_how_long(sqlite_site: Site) -> None:
    page = sqlite_site.sign_in().page("/import/new")
    assert "退出登录" in page and "7 天" in page and "公用手机" in page
    assert "data-draft" not in page  # it keeps its own, with what waits to be sent


def test_an_entry_that_is_sent_again_because_the_answer_was_lost_counts_once(site: Site) -> None:
    worker, key = site.sign_in(), "0123456789abcdef01234567"
    json = {"Accept": "application/json"}
    answers = [worker.post("/import/new", page="/import/new", headers=json, **WISHED, key=key) for _ in range(3)]
    assert [answer.json["state"] for answer in answers] == ["entered"] * 3
    assert (site.wishes(), len(site.rows(sa.select(FILE.c.id)))) == (1, 1)
    other = worker.post("/import/new", page="/import/new", headers=json, **WISHED, key="f" * 24)
    assert other.json["state"] == "duplicate"
    assert site.wishes() == 1


def test_a_key_is_its_own_persons(site: Site) -> None:
    first, second, key = site.sign_in(), site.sign_in(), "0123456789abcdef01234567"
    json = {"Accept": "application/json"}
    first.post("/import/new", page="/import/new", headers=json, **WISHED, key=key)
    another = {**WISHED, "child": "章二", "guardian": "余二", "phone": "19900000002", "birth": "2011-02-03"}
    assert second.post("/import/new", page="/import/new", headers=json, **another, key=key).json["state"] == "entered"
    assert site.wishes() == 2


def test_a_script_is_told_which_entry_to_mend(sqlite_site: Site) -> None:
    answer = sqlite_site.sign_in().post(
        "/import/new",
        page="/import/new",
        headers={"Accept": "application/json"},
        **{**WISHED, "wish": "一个神秘的东西"},
    )
    assert answer.status_code == 422
    assert [name for name, _ in answer.json["errors"]] == ["wish"] and answer.json["may_insist"] is True


def test_a_wish_entered_by_a_social_worker_is_their_communitys(site: Site) -> None:
    ours = site.community("子学校")
    worker = site.sign_in(Role.SOCIAL_WORKER, community_id=ours)
    worker.post("/import/new", page="/import/new", **WISHED)
    [wish] = site.rows(sa.select(WISH))
    assert (wish.community_id, wish.status, wish.township_code) == (ours, "submitted", "330112006")


def test_who_works_for_several_communities_says_for_which(site: Site) -> None:
    first, second = site.community("子村"), site.community("丑村")
    worker = site.sign_in(Role.SOCIAL_WORKER, community_id=first)
    site.grant(worker, Role.SOCIAL_WORKER, community_id=second)
    answer = worker.post("/import/new", page="/import/new", **WISHED)
    assert answer.status_code == 422 and 'id="f-community-error"' in answer.text
    worker.post("/import/new", page="/import/new", **WISHED, community=str(second))
    assert [wish.community_id for wish in site.rows(sa.select(WISH))] == [second]


def test_a_word_that_a_coordinator_adds_is_known_from_the_next_file_on(site: Site) -> None:
    coordinator = site.sign_in()
    check_page(coordinator.page("/import/words"), "/import/words")
    coordinator.upload(("先.xlsx", xlsx([line("章一", "噼啪宝")])))
    site.work()
    coordinator.post("/import/words", page="/import/words", book="items", key="地球仪", word="噼啪宝")
    coordinator.post("/import/words", page="/import/words", book="unsafe", key="unsafe", word="轰隆棒")
    coordinator.upload(("后.xlsx", xlsx([line("章二", "噼啪宝"), line("章三", "轰隆棒")])))
    site.work()
    assert site.statuses(site.file("先.xlsx").id) == {"parked": 1}
    statuses = [(row.status, row.reasons) for row in site.entries(site.file("后.xlsx").id)]
    assert statuses == [("accepted", []), ("rejected", ["unsafe_item"])]
    [wish] = site.rows(sa.select(WISH))
    assert wish.item == "地球仪"
    page = coordinator.page("/import/words?book=items")
    assert "噼啪宝" in page


def test_an_added_word_can_be_taken_back(site: Site) -> None:
    coordinator = site.sign_in()
    coordinator.post("/import/words", page="/import/words", book="items", key="地球仪", word="噼啪宝")
    word_id = coordinator.page("/import/words").split("/import/words/")[1].split("/")[0]
    coordinator.post(f"/import/words/{word_id}/remove", page="/import/words", book="items")
    assert "噼啪宝" not in coordinator.page("/import/words")


@pytest.mark.parametrize(
    ("book", "key", "word"),
    [
        ("items", "", "词"),
        ("items", "地球仪", ""),
        ("unsafe", "no such", "词"),
        ("phrases", "yes", "好"),
        ("items", "地球仪", "词" * 61),
    ],
)
def test_a_word_without_a_place_is_refused(sqlite_site: Site, book: str, key: str, word: str) -> None:
    answer = sqlite_site.sign_in().post("/import/words", page="/import/words", book=book, key=key, word=word)
    assert answer.status_code == 422


def test_a_thing_that_nobody_lists_needs_a_category(site: Site) -> None:
    coordinator = site.sign_in()
    word = {"book": "items", "key": "稀奇宝", "word": "噼啪宝"}
    assert coordinator.post("/import/words", page="/import/words", **word).status_code == 422
    coordinator.post("/import/words", page="/import/words", **word, category="toy")
    coordinator.upload(("来件.xlsx", xlsx([line("章一", "噼啪宝")])))
    site.work()
    [wish] = site.rows(sa.select(WISH))
    assert wish.category == "toy"


def test_a_social_worker_without_a_community_is_told_what_to_do_instead(site: Site) -> None:
    worker = site.sign_in(Role.SOCIAL_WORKER)
    page = worker.get("/import/new")
    text = page.get_data(as_text=True)
    assert page.status_code == 200 and "请管理员给您的账号加上社区" in text and "one-wish" not in text
    check_page(text, "/import/new")
    answer = worker.post("/import/new", page="/import", **WISHED)
    assert answer.status_code == 422 and "请管理员给您的账号加上社区" in answer.get_data(as_text=True)
