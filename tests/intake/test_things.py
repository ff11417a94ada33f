"""What is wished for: things, sizes, pieces, several wishes in one cell, and what must never pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wishes.intake.understanding import CatalogueItem, Lexicon
from wishes.intake.understanding.splitting import Splitter
from wishes.intake.understanding.things import CATEGORIES, ThingReader
from wishes.intake.words import default_words

WORDS = default_words()
CATALOGUE = tuple(
    CatalogueItem(name, category, need, size_kind)
    for name, category, need, size_kind in (
        ("书包", "study", "none", None),
        ("文具套装", "study", "none", None),
        ("运动鞋", "clothing", "none", "shoe"),
        ("羽绒服", "clothing", "none", "height"),
        ("自行车", "sport", "none", "inch"),
        ("足球", "sport", "none", None),
        ("看电影", "experience", "vetted", None),
        ("亲子视频", "companionship", "vetted", None),
        ("心理辅导", "psych", "psych", None),
    )
)
THINGS = ThingReader(CATALOGUE, WORDS)
SPLIT = Splitter(THINGS)

BEFORE = st.sampled_from(
    ["", "想要", "我的心愿是有一个", "希望得到一把", "一个", "玩具", "儿童", "大号的", "我想要一套", "给弟弟买"]
)
AFTER = st.sampled_from(["", "一个", "(红色)", "，因为同学都有", " 80元", "玩具", "模型", "x2"])
BANNED = [w for w in WORDS.unsafe["unsafe"] if len(w) > 1 and "+" not in w]
MONEY = [w for w in WORDS.cash["cash"] if len(w) > 1]


@given(BEFORE, st.sampled_from(BANNED), AFTER)
def test_nothing_dangerous_is_taken_for_good(before: str, word: str, after: str) -> None:
    text = f"{before}{word}{after}"
    if not any(s.lower() in text.lower() for s in WORDS.unsafe["safe"]):
        assert THINGS.read(text).verdict in ("unsafe", "unsure", "cash"), text


@given(BEFORE, st.sampled_from(MONEY), st.sampled_from(["", "200元", "（500）", "，家里困难"]))
def test_money_is_never_taken_for_a_thing(before: str, word: str, after: str) -> None:
    text = f"{before}{word}{after}"
    safe = [s for s in WORDS.cash["safe"] if word.lower() in s.lower() and s.lower() in text.lower()]
    if not safe:
        assert THINGS.read(text).verdict == "cash", text


@pytest.mark.parametrize(
    "text",
    [
        "转笔刀",
        "手摇削笔刀一个",
        "剃须刀",
        "电动牙刷",
        "电动遥控汽车",
        "火箭模型",
        "火影忍者漫画书",
        "弹力球",
        "磁力片",
        "钱包",
        "存钱罐",
        "零钱包",
        "《三个火枪手》",
        "小提琴琴弓",
        "泡泡枪",
        "气球",
        "萤火虫绘本",
        "拉杆箱",
        "磁带复读机",
        "热熔胶枪",
    ],
)
def test_the_thing_is_judged_not_a_character_in_its_name(text: str) -> None:
    assert THINGS.read(text).verdict in ("good", "unknown"), text
    assert THINGS.read(text).doubt not in ("刀", "枪", "弹", "火", "钱")


@pytest.mark.parametrize(
    ("text", "item", "size", "qty"),
    [
        ("我的心愿是得到一双运动鞋（38码）", "运动鞋", 38, 1),
        ("36.5码运动鞋2双", "运动鞋", 36.5, 2),
        ("羽绒服 身高150", "羽绒服", 150, None),
        ("羽绒服（165CM）", "羽绒服", 165, None),
        ("羽绒服1.5米", "羽绒服", 150, None),
        ("20寸自行车", "自行车", 20, None),
        ("运动鞋 245mm", "运动鞋", 39, None),
        ("书包x3", "书包", None, 3),
        ("足球×2", "足球", None, 2),
        ("书包两个", "书包", None, 2),
        ("文具套装（笔、橡皮、尺子）", "文具套装", None, None),
        ("“书包”", "书包", None, None),
        ("想要一个能装很多书的大书包", "书包", None, 1),
    ],
)
def test_sizes_and_pieces_are_read_from_the_words(text: str, item: str, size: float | None, qty: int | None) -> None:
    thing = THINGS.read(text)
    assert (thing.item, thing.size, thing.qty) == (item, size, qty)


@given(
    st.lists(
        st.sampled_from(
            ["书包", "一双运动鞋（38码）", "足球2个", "看电影", "文具套装（笔、橡皮、尺子）", "羽绒服 身高150"]
        ),
        min_size=2,
        max_size=4,
        unique=True,
    ),
    st.sampled_from(["、", "；", ";", "\n", "/", "+", "，"]),
)
def test_wishes_are_cut_at_any_separator(wishes: list[str], separator: str) -> None:
    parts = [p.text.replace("(", "（").replace(")", "）") for p in SPLIT.split(separator.join(wishes))]
    assert parts == wishes


@given(
    st.lists(st.sampled_from(["书包", "运动鞋38码", "足球2个", "看电影"]), min_size=2, max_size=4, unique=True),
    st.sampled_from(["{}.{}", "{}、{}", "（{}）{}", "{}){}", "({}){}"]),
    st.sampled_from(["", " ", "\n", "；"]),
)
def test_numbered_lists_are_cut_at_their_numbers(wishes: list[str], mark: str, between: str) -> None:
    text = between.join(mark.format(i, w) for i, w in enumerate(wishes, 1))
    assert [p.text for p in SPLIT.split(text)] == wishes


@pytest.mark.parametrize(
    "text",
    [
        "一个新书包，家里没有",
        "想要一双运动鞋，因为同学都有",
        "书包，上学用",
        "和爸爸妈妈视频",
        "书包（红色、大号）",
        "羽绒服，身高150，红色",
        "足球、5号",
    ],
)
def test_reasons_sizes_and_company_are_no_further_wish(text: str) -> None:
    assert len(SPLIT.split(text)) == 1


@pytest.mark.parametrize("text", ["", "无", "暂无", "/", "—", "待定", "没有", "未填", "都可以", "  ", "？"])
def test_what_says_nothing_is_no_wish(text: str) -> None:
    assert SPLIT.split(text) == ()


@given(st.text(max_size=40))
def test_no_wish_cell_is_too_strange(text: str) -> None:
    for part in SPLIT.split(text):
        thing = THINGS.read(part.text)
        assert thing.category in (None, "", *CATEGORIES)


def test_every_listed_thing_has_a_category_with_the_demonstration_catalogue(lexicon: Lexicon) -> None:
    for item in WORDS.items:
        for word in (item.name, *item.synonyms):
            thing = lexicon.things.read(word)
            if thing.verdict == "good":
                assert thing.category in CATEGORIES, word


ONE_THING = st.sampled_from(["书包", "足球", "台灯", "运动鞋", "钢笔"])


@given(
    ONE_THING, ONE_THING, st.sampled_from(["或", "或者"]), st.sampled_from(["", "都可以", "（二选一）", "，哪个都行"])
)
def test_of_two_things_of_which_any_would_do_none_is_chosen_silently(
    one: str, other: str, between: str, after: str
) -> None:
    thing = THINGS.read(f"{one}{between}{other}{after}")
    if one == other:
        assert thing.verdict == "good"
    else:
        assert (thing.verdict, thing.doubt) == ("either", f"{one}、{other}")


@pytest.mark.parametrize("text", ["红色或蓝色书包", "或许一个书包", "书包（红或蓝）"])
def test_a_choice_of_colours_is_one_thing(text: str) -> None:
    assert (THINGS.read(text).verdict, THINGS.read(text).item) == ("good", "书包")
