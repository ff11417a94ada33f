"""A city of nationalities far away: its places, its catalogue, its words."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

import pytest

from tests.intake.workbooks import Understand, workbook
from wishes.intake.reading import read_workbook
from wishes.intake.understanding import (
    CampaignRules,
    CatalogueItem,
    Entry,
    FileReading,
    Lexicon,
    Places,
    understand_file,
)
from wishes.intake.words import default_words

PLACES = """code,name,level,county_code,former_county
4699,云岭苗族侗族自治州,city,,
469921,龙江各族自治县,county,,
469922,石山彝族回族苗族自治县,county,,
469981,南河市,county,,
469921101,新场镇,town,469921,
469921201,千溪彝族苗族白族乡,town,469921,
469922101,新场镇,town,469922,
469922201,茶店布依族苗族乡,town,469922,
469981001,东门街道,town,469981,
469981201,大寨乡,town,469981,
"""
CATALOGUE = (
    CatalogueItem("学生书包", "study", "none", None),
    CatalogueItem("保温杯", "daily", "none", None),
    CatalogueItem("山地自行车", "sport", "none", "inch"),
)


@pytest.fixture(scope="module")
def far_away() -> Understand:
    words = default_words()
    places = Places.from_rows(csv.DictReader(io.StringIO(PLACES)), words.provinces)
    lexicon, rules = Lexicon(words, CATALOGUE, places), CampaignRules(dt.date(2023, 9, 1), 400_00, "4699", 16)

    def run(data: bytes, name: str = "来件.xlsx") -> FileReading:
        return understand_file(read_workbook(data, name), rules=rules, lexicon=lexicon)

    return run


def told(entry: Entry, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(entry, n) for n in names)


@pytest.mark.parametrize(
    ("address", "town", "village"),
    [
        ("云岭州龙江各族自治县千溪彝族苗族白族乡松树村", "469921201", "松树村"),
        ("云岭州龙江县千溪乡松树村三组", "469921201", "松树村"),
        ("龙江自治县千溪民族乡松树村", "469921201", "松树村"),
        ("石山县茶店乡丫口村大寨", "469922201", "丫口村"),
        ("石山新场镇河边村", "469922101", "河边村"),
        ("茶店乡丫口村", "469922201", "丫口村"),
        ("南河市东门街道人民路12号", "469981001", None),
    ],
)
def test_a_place_is_known_without_the_nations_in_its_name(
    far_away: Understand, address: str, town: str, village: str | None
) -> None:
    [entry] = far_away(workbook([["姓名", "住址", "心愿", "家长同意"], ["王大山", address, "足球", "是"]])).entries
    assert told(entry, "town", "village", "status") == (town, village, "accepted")


def test_a_county_without_its_last_character_tells_which_township_is_meant(far_away: Understand) -> None:
    rows = [["县区", "乡镇", "姓名", "心愿", "同意书"], ["石山", "新场镇", "王大山", "足球", "有"]]
    assert [e.town for e in far_away(workbook(rows), "州妇联.xlsx").entries] == ["469922101"]
    rows = [["新场镇儿童微心愿"], ["姓名", "心愿", "同意书"], ["王大山", "足球", "有"]]
    assert [e.town for e in far_away(workbook(rows), "微心愿（龙江）.xlsx").entries] == ["469921101"]


def test_the_campaigns_own_age_limit_is_read() -> None:
    campaign = {"start": "2024-05-01", "price_ceiling_yuan": 200, "age_limit": "under 16 on the start date"}
    assert CampaignRules.from_campaign(campaign).age_limit == 16


@pytest.mark.parametrize(
    ("text", "item", "category", "need"),
    [
        ("双肩包", "学生书包", "study", "none"),
        ("水杯", "保温杯", "daily", "none"),
        ("参观浙江大学", "参观浙江大学", "experience", "vetted"),
        ("和妈妈视频", "和妈妈视频", "companionship", "vetted"),
        ("心理老师陪我聊天", "心理老师陪我聊天", "psych", "psych"),
        ("教我弹琴", "陪写作业", "companionship", "vetted"),
        ("爸爸妈妈从广东回来陪我", "亲子团聚", "companionship", "vetted"),
        ("去贵阳玩", "去贵阳玩", "experience", "vetted"),
        ("《狼图腾》", "狼图腾", "book", "none"),
        ("面包服", "面包服", "clothing", "none"),
        ("铺盖一床", "铺盖", "daily", "none"),
    ],
)
def test_what_the_catalogue_does_not_list_keeps_its_kind(
    far_away: Understand, text: str, item: str, category: str, need: str
) -> None:
    [entry] = far_away(workbook([["姓名", "心愿", "家长同意"], ["王大山", text, "是"]])).entries
    assert told(entry, "item", "category", "need", "status") == (item, category, need, "accepted")


@pytest.mark.parametrize("text", ["爸爸妈妈不要吵架", "考上好大学", "奶奶身体健康", "一头小羊"])
def test_a_wish_for_no_thing_waits_for_a_person(far_away: Understand, text: str) -> None:
    [entry] = far_away(workbook([["姓名", "心愿", "家长同意"], ["王大山", text, "是"]])).entries
    assert entry.status == "parked"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("火炮", "unsafe_item"),
        ("腰刀", "unsafe_item"),
        ("鸟铳", "unsafe_item"),
        ("电马儿", "unsafe_item"),
        ("玩具狙", "unsafe_item"),
        ("呲花", "unsafe_item"),
        ("盘缠", "cash_wish"),
        ("利是", "cash_wish"),
        ("饭票", "cash_wish"),
    ],
)
def test_danger_and_money_are_known_by_their_local_names(far_away: Understand, text: str, reason: str) -> None:
    [entry] = far_away(workbook([["姓名", "心愿", "家长同意"], ["王大山", text, "是"]])).entries
    assert told(entry, "status", "reasons") == ("rejected", [reason])


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("边缘易致贫户", ("poor",)),
        ("非贫困户", ()),
        ("无残疾、留守", ("left_behind",)),
        ("爸妈在广东打工", ("left_behind",)),
        ("父母未外出务工", ()),
        ("一般农户", ()),
        ("事实孤儿、残", ("unattended", "disabled")),
    ],
)
def test_a_kind_of_need_that_is_denied_is_none(far_away: Understand, text: str, types: tuple[str, ...]) -> None:
    rows = [["姓名", "家庭情况", "心愿", "家长同意"], ["王大山", text, "足球", "是"]]
    assert [e.types for e in far_away(workbook(rows)).entries] == [types]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("有，附后", "accepted"),
        ("已补签", "accepted"),
        ("按了手印", "accepted"),
        ("奶奶签的", "accepted"),
        ("2024.4.3签", "accepted"),
        ("视频同意", "rejected"),
        ("等父母回来再签", "rejected"),
        ("正在签", "rejected"),
        ("后面补", "rejected"),
    ],
)
def test_consent_is_what_is_on_paper(far_away: Understand, text: str, status: str) -> None:
    rows = [["姓名", "心愿", "监护人同意书"], ["王大山", "足球", text]]
    assert [e.status for e in far_away(workbook(rows)).entries] == [status]


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("一百五六", 150_00, 160_00),
        ("99.9包邮", 99_90, 99_90),
        ("80元（网购价）", 80_00, 80_00),
    ],
)
def test_a_price_is_read_among_words(far_away: Understand, text: str, low: int, high: int) -> None:
    [entry] = far_away(workbook([["姓名", "心愿", "价格", "同意"], ["王大山", "足球", text, "是"]])).entries
    assert told(entry, "price_low", "price_high", "status") == (low, high, "accepted")


@pytest.mark.parametrize(
    ("text", "item", "qty", "low", "high"),
    [
        ("风扇 150块", "风扇", 1, 150_00, 150_00),
        ("二胡，价格大概300", "二胡", 1, 300_00, 300_00),
        ("蚊帐（一百二）", "蚊帐", 1, 120_00, 120_00),
        ("电饭锅（≤200元）", "电饭锅", 1, None, 200_00),
        ("魔方30", "魔方", 1, 30_00, 30_00),
        ("拼图1000", "拼图", 1, None, None),
        ("2块手表", "手表", 2, None, None),
    ],
)
def test_a_price_written_into_the_wish_is_no_number_of_pieces(
    far_away: Understand, text: str, item: str, qty: int, low: int | None, high: int | None
) -> None:
    [entry] = far_away(workbook([["姓名", "心愿", "同意"], ["王大山", text, "是"]])).entries
    assert told(entry, "item", "qty", "price_low", "price_high", "status") == (item, qty, low, high, "accepted")


@pytest.mark.parametrize(
    ("text", "birth"),
    [
        ("2016/12/1 00:00:00", "2016-12-01"),
        ("20130506.0", "2013-05-06"),
        ("阴历一二年六月十四", "2012"),
        ("'20130102", "2013-01-02"),
        ("2031.5.6", None),
    ],
)
def test_a_birth_as_programs_and_people_spoil_it(far_away: Understand, text: str, birth: str | None) -> None:
    [entry] = far_away(workbook([["姓名", "出生日期", "心愿", "同意"], ["王大山", text, "足球", "是"]])).entries
    assert entry.birth == birth
