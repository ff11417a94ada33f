"""Screened text: what tells who the child is, is gone; what tells what the child wishes for, stays."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wishes
from wishes.protection.screening import MASKS, Kind, screen

DEMO = Path(wishes.__file__).parent / "demo" / "hangzhou-2021"
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
CHINESE = str.maketrans("0123456789", "零一二三四五六七八九")
around = st.text(st.sampled_from("想要一个书包，谢谢！妈妈说好 \n"), max_size=8)
mobiles = st.builds("{}{:08d}".format, st.sampled_from(["199", "166", "138", "150"]), st.integers(0, 99_999_999))


def kinds(text: str, **told: list[str]) -> list[Kind]:
    return [item.kind for item in screen(text, **told).found]


@given(mobiles, st.data(), around, around)
def test_a_mobile_number_is_masked_however_written(mobile: str, data: st.DataObject, before: str, after: str) -> None:
    written = mobile
    if data.draw(st.booleans()):
        places = data.draw(st.lists(st.integers(1, 10), max_size=3, unique=True))
        for place in sorted(places, reverse=True):
            written = (
                written[:place]
                + data.draw(st.sampled_from([" ", "-", "　", "—", ".", "－", "\u200b"]))
                + written[place:]
            )
    written = written.translate(data.draw(st.sampled_from([{}, FULL_WIDTH, CHINESE])))
    written = data.draw(st.sampled_from(["", "+86 ", "0086-", "(+86)"])) + written
    shown = screen(f"{before}，电话{written}，{after}").text
    assert MASKS[Kind.PHONE] in shown
    digits = sum(character.isdecimal() for character in shown)
    assert digits == 0 and not any(character in shown for character in "零二四五六七八九")


@given(st.integers(0, 10**14 - 1), st.sampled_from("0123456789Xx"), st.sampled_from(["", " ", "-"]), around)
def test_an_identity_number_is_masked(number: int, check: str, gap: str, before: str) -> None:
    written = f"999{number:014d}"
    written = gap.join((written[:6], written[6:14], written[14:])) + check
    shown = screen(f"{before}身份证{written}。").text
    assert not any(character.isdecimal() or character in "Xx" for character in shown)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("0571-86601234", Kind.PHONE),
        ("(0571) 8660 1234", Kind.PHONE),
        ("199o0ool234", Kind.PHONE),
        ("3301**********1234", Kind.ID_NUMBER),
        ("99999920120315123X", Kind.ID_NUMBER),
        ("生日 2012-03-15", Kind.NUMBER),
        ("卡号 6222020200012345678", Kind.NUMBER),
        ("微信号：abc_12345", Kind.ACCOUNT),
        ("加我 wx 是 li-na88", Kind.ACCOUNT),
        ("写信给 a.b@example.org", Kind.ACCOUNT),
        ("我叫张三丰", Kind.NAME),
        ("姓名：欧阳小鹿", Kind.NAME),
        ("余杭区径山镇", Kind.ADDRESS),
        ("前溪村5组12号", Kind.ADDRESS),
        ("文一路 100 号", Kind.ADDRESS),
        ("3幢2单元501室", Kind.ADDRESS),
        ("浙江省杭州市", Kind.ADDRESS),
        ("径山镇中心小学", Kind.SCHOOL),
        ("在第二实验小学读书", Kind.SCHOOL),
        ("青云村幼儿园", Kind.SCHOOL),
    ],
)
def test_what_identifies_is_recognised_without_being_told(text: str, kind: Kind) -> None:
    assert kinds(text) == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "想去超市买一盒彩笔",
        "农村小学的孩子想要书包",
        "36号运动鞋，身高140cm",
        "想要一套小学三年级课外书（80-100元）",
        "希望小学生用的书包",
        "想去乌镇玩",
        "26寸自行车，黑色",
        "一路上很开心，去了市里的公园",
        "《十万个为什么》全套8册",
        "爸爸妈妈在外打工，由奶奶照顾",
        "想要两三四五本书",
        "余杭区的孩子",
        "鞋码 36 37 38",
        "120-150厘米",
        "国王和芳香剂",
        "",
        "A4 纸 2 包",
        "1+1 英语",
    ],
)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert screen(text, names=["王芳"]).text == text and kinds(text) == []


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("测试明", "测试明想要球", "【姓名】想要球"),
        ("测试明", "测 试 明", "【姓名】"),
        ("测试明", "试明，小明，明明，阿明", "【姓名】，【姓名】，【姓名】，【姓名】"),
        ("欧阳小鹿", "欧阳　小鹿和小鹿还有欧阳同学", "【姓名】和【姓名】还有【姓名】"),
        ("王芳", "王妈妈说小王和芳芳都好", "【姓名】说【姓名】和【姓名】都好"),
        ("阿依古丽·买买提", "阿依古丽想要书包", "【姓名】想要书包"),
        ("Linda Qvist", "linda and Lindal, QVIST", "【姓名】 and Lindal, 【姓名】"),
        ("测\u200b试明", "测试明", "【姓名】"),
    ],
)
def test_a_name_is_masked_in_all_its_everyday_forms(name: str, text: str, shown: str) -> None:
    assert screen(text, names=[name]).text == shown


han = st.text(st.sampled_from("晨曦雨桐梓涵浩宇欣怡子轩诗琪"), min_size=1, max_size=2)


@given(st.sampled_from("王李张刘陈杨沈"), han, around, around, st.sampled_from(["", " ", "·", "\u200b", "　"]))
def test_no_told_name_survives(surname: str, given_name: str, before: str, after: str, gap: str) -> None:
    name = surname + given_name
    shown = screen(f"{before}{gap.join(name)}{after}{given_name * 2}", names=[name]).text
    assert name not in shown and (len(given_name) == 1 or given_name not in shown)


@pytest.mark.parametrize("text", ["径山镇中心小学", "径山中心小学", "径山小学", "径山 镇 中心小学", "径山镇小"])
def test_a_told_school_is_masked_in_its_short_forms(text: str) -> None:
    shown = screen(f"在{text}读书", schools=["杭州市余杭区径山镇中心小学"]).text
    assert "径山" not in shown and shown.endswith("读书")


def test_of_a_told_address_the_telling_parts_are_masked_and_the_county_stays() -> None:
    told = ["浙江省杭州市余杭区径山镇前溪村5组12号"]
    assert screen("余杭区的他在前溪村", addresses=told).text == "余杭区的他在【地址】"
    assert screen("径山镇的孩子", addresses=told).text == "【地址】的孩子"


def test_every_word_of_the_catalogue_stays() -> None:
    with (DEMO / "catalogue.csv").open(encoding="utf-8-sig") as file:
        items = [row["item"] for row in csv.DictReader(file)]
    assert len(items) > 100
    assert [item for item in items if screen(item).text != item] == []


def test_wishes_as_senders_wrote_them_stay_and_their_children_do_not_show() -> None:
    truth = json.loads((DEMO / "sample-truth.json").read_text("utf-8"))
    rows = [dict(zip(truth["columns"], row, strict=True)) for file in truth["files"] for row in file["rows"]]
    assert len(rows) > 900
    for row in rows:
        wish = row["raw"] or ""
        names = [name for name in (row["child"], row["guardian"]) if name]
        places = [row["village"]] if row["village"] else []
        assert screen(wish, names=names, addresses=places).text == wish
        phones = row["phone"] or []
        told = f"{row['child']}家住{row['village']}，{wish}，家长{row['guardian']}，电话{'/'.join(phones)}"
        shown = screen(told, names=names, addresses=places).text
        assert not [secret for secret in [*names, *places, *phones] if len(secret) > 1 and secret in shown]


texts = st.text(
    st.sampled_from("想要书包住在余杭区径山镇村路号幢小学中心明王测试0123456789-+ ,.@abwx微信【】电话\u200b０１"),
    max_size=60,
)


@given(texts)
def test_screening_twice_changes_nothing_more(text: str) -> None:
    once = screen(text, names=["测试明"], schools=["径山镇中心小学"], addresses=["径山镇前溪村"]).text
    assert screen(once, names=["测试明"], schools=["径山镇中心小学"], addresses=["径山镇前溪村"]).text == once


@given(st.text(max_size=80), st.lists(st.text(max_size=6), max_size=3))
def test_any_text_is_screened_and_places_are_told_rightly(text: str, names: list[str]) -> None:
    result = screen(text, names=names, schools=names, addresses=names)
    rebuilt, place = "", 0
    for item in result.found:
        assert place <= item.start < item.end <= len(text)
        rebuilt += text[place : item.start] + MASKS[item.kind]
        place = item.end
    assert rebuilt + text[place:] == result.text


@pytest.mark.parametrize("piece", ["1", "1 ", "我", "村路", "小学", "a@", "路1号", "微信a", "中心", "a.b-", "测试"])
def test_a_hostile_text_takes_no_longer_than_its_length_deserves(piece: str) -> None:
    text = piece * (40_000 // len(piece))
    started = time.process_time()
    screen(text, names=["测试明", "Linda Qvist"], schools=["径山镇中心小学"], addresses=["余杭区径山镇前溪村"])
    assert time.process_time() - started < 5
