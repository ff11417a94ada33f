"""Cell parsers on generated values whose reading can be derived."""

from __future__ import annotations

import datetime as dt

from hypothesis import assume, given
from hypothesis import strategies as st

from wishes.intake.understanding.dates import birth_from_id, read_birth, read_visit
from wishes.intake.understanding.numerals import number
from wishes.intake.understanding.people import KindReader, read_guardian, read_name, read_phones, read_sex
from wishes.intake.understanding.prices import inline_price, read_price
from wishes.intake.words import default_words

WORDS = default_words()
DIGITS = "零一二三四五六七八九"
FORMAL = str.maketrans("一二三四五六七八九十百千", "壹贰叁肆伍陆柒捌玖拾佰仟")
WIDE = str.maketrans("0123456789.-", "０１２３４５６７８９．－")
NOTHING = frozenset(WORDS.phrases["price_none"])
FREE = frozenset(WORDS.phrases["price_zero"])


def spoken(value: int) -> str:
    """A number below ten thousand in plain Chinese, as school teaches it."""
    text, zero = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, value = divmod(value, unit)
        if digit:
            text += ("零" if zero else "") + DIGITS[digit] + name
            zero = False
        elif text:
            zero = True
    return text.replace("一十", "十", 1) if text.startswith("一十") else text or "零"


@given(st.integers(1, 9999))
def test_chinese_numerals_read_as_the_number_they_spell(value: int) -> None:
    assert number(spoken(value)) == value
    assert number(spoken(value).translate(FORMAL)) == value


@given(st.integers(1, 9), st.integers(1, 9))
def test_a_last_digit_after_hundred_counts_tens_as_in_speech(hundreds: int, tens: int) -> None:
    assert number(f"{DIGITS[hundreds]}百{DIGITS[tens]}") == hundreds * 100 + tens * 10
    assert number(f"{DIGITS[hundreds]}百零{DIGITS[tens]}") == hundreds * 100 + tens


DRESS = st.sampled_from(
    [
        "{}",
        "{}元",
        "￥{}",
        "¥{}元",
        "约{}元",
        "大概{}",
        "{}元左右",
        "{}块钱",
        "RMB {}",
        " {} 元 ",
        "{}元/个",
        "预算{}元",
        "{}圆整",
        "（{}元）",
    ]
)


@given(st.integers(1, 9999), DRESS, st.sampled_from(["plain", "spoken", "formal", "wide", "pennies"]))
def test_a_price_is_read_in_any_dress(value: int, dress: str, hand: str) -> None:
    fen = value * 100
    text = {
        "plain": str(value),
        "spoken": spoken(value),
        "formal": spoken(value).translate(FORMAL),
        "wide": str(value).translate(WIDE),
        "pennies": f"{value}.50",
    }[hand]
    if hand == "pennies":
        fen += 50
    cell = read_price(dress.format(text), NOTHING, FREE)
    assert [(p.low, p.high) for p in cell.prices] == [(fen, fen)]


@given(
    st.integers(1, 999),
    st.integers(1, 999),
    st.sampled_from(
        ["{}-{}", "{}—{}元", "{}~{}", "{}元至{}元", "{}到{}", "￥{}-￥{}", "{}～{}元", "{} - {}", "约{}-{}元"]
    ),
)
def test_a_range_keeps_both_ends(low: int, high: int, form: str) -> None:
    low, high = sorted((low, high))
    [price] = read_price(form.format(low, high), NOTHING, FREE).prices
    assert (price.low, price.high) == (low * 100, high * 100)


@given(st.integers(1, 9999), st.sampled_from(["不超过{}元", "{}以内", "{}元以下", "最多{}元", "≤{}", "{}元之内"]))
def test_a_ceiling_gives_only_an_upper_end(value: int, form: str) -> None:
    [price] = read_price(form.format(value), NOTHING, FREE).prices
    assert (price.low, price.high) == (None, value * 100)


@given(
    st.lists(st.integers(1, 500), min_size=2, max_size=4),
    st.sampled_from(["、", "，", "；", "\n", "/", "元、", "元；"]),
)
def test_a_list_of_prices_keeps_its_order(values: list[int], separator: str) -> None:
    cell = read_price(separator.join(map(str, values)), NOTHING, FREE)
    assert [p.high for p in cell.prices] == [v * 100 for v in values]
    assert not cell.total


@given(st.integers(1, 999), st.sampled_from(["共{}元", "合计{}", "一共{}元", "总价{}元"]))
def test_a_stated_sum_is_marked_as_one(value: int, form: str) -> None:
    cell = read_price(form.format(value), NOTHING, FREE)
    assert cell.total and [p.high for p in cell.prices] == [value * 100]


@given(st.text(max_size=30))
def test_no_price_cell_is_too_strange(text: str) -> None:
    for price in read_price(text, NOTHING, FREE).prices:
        assert price.low is None or price.low >= 0
        assert price.high is None or price.low is None or price.high >= price.low


@given(st.integers(5, 999), st.sampled_from(["{}({}元)", "{}（约{}元）", "{} {}元", "{}{}元", "{}，约{}元"]))
def test_a_price_beside_the_wish_is_taken_out(value: int, form: str) -> None:
    rest, price = inline_price(form.format("书包", value).replace("（", "(").replace("）", ")").replace("，", ","))
    assert rest == "书包"
    assert price is not None and price.high == value * 100


BIRTHS = st.dates(dt.date(2000, 1, 1), dt.date(2020, 12, 31))


def chinese_date(day: dt.date) -> str:
    return f"{''.join('〇一二三四五六七八九'[int(c)] for c in str(day.year))}年{spoken(day.month)}月{spoken(day.day)}日"


@given(BIRTHS)
def test_every_full_form_of_a_birth_is_the_same_day(day: dt.date) -> None:
    forms = [
        f"{day:%Y-%m-%d}",
        f"{day:%Y/%m/%d}",
        f"{day.year}.{day.month}.{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y%m%d}",
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}年{day.month:02}月{day.day:02}号",
        f"{day:%Y%m%d}".translate(WIDE),
        chinese_date(day),
        f" {day.year} . {day.month} . {day.day} ",
        f"{day:%Y-%m-%d} 00:00:00",
        f"{day:%y}.{day.month}.{day.day}",
        f"{day.year}、{day.month}、{day.day}",
    ]
    for form in forms:
        assert read_birth(form, newest=2021).iso == day.isoformat(), form
    assert read_birth(day, newest=2021).iso == day.isoformat()
    assert read_birth(dt.datetime.combine(day, dt.time()), newest=2021).iso == day.isoformat()
    assert read_birth(float(f"{day:%Y%m%d}"), newest=2021).iso == day.isoformat()
    for serial, old in (((day - dt.date(1899, 12, 30)).days, False), ((day - dt.date(1904, 1, 1)).days, True)):
        assert read_birth(float(serial), newest=2021, date1904=old).iso == day.isoformat()
        assert "date_serial" in read_birth(str(serial), newest=2021, date1904=old).warnings


@given(st.integers(2000, 2020), st.integers(1, 12))
def test_a_month_stays_a_month(year: int, month: int) -> None:
    for form in (
        f"{year}.{month}",
        f"{year}年{month}月",
        f"{year}-{month:02}",
        f"{year}/{month}",
        f"{year}{month:02}",
        f"{year}年{month}月份",
    ):
        assert read_birth(form, newest=2021).iso == f"{year}-{month:02}", form
    as_number = read_birth(float(f"{year}.{month}"), newest=2021)
    if month in (1, 10):
        assert (as_number.iso, as_number.warnings) == (str(year), ("birth_ambiguous",))
    else:
        assert as_number.iso == f"{year}-{month:02}"


@given(
    BIRTHS, st.sampled_from(["{:%Y}年农历{}月初五", "农历{:%Y}年{}月廿三", "阴历{:%Y}.{}.5", "{:%Y}年{}月初一（农历）"])
)
def test_a_lunar_date_keeps_only_the_year(day: dt.date, form: str) -> None:
    read = read_birth(form.format(day, day.month), newest=2021)
    assert (read.iso, read.warnings) == (str(day.year), ("birth_lunar",))


@given(
    st.dates(dt.date(1990, 1, 1), dt.date(2020, 12, 31)),
    st.sampled_from(["0010", "001X", "****", "0000"]),
    st.sampled_from(["", "'", " "]),
)
def test_an_identity_number_tells_only_a_birth(day: dt.date, end: str, before: str) -> None:
    assert birth_from_id(f"{before}999999{day:%Y%m%d}{end}", 2021) == day.isoformat()


@given(st.dates(dt.date(2024, 1, 1), dt.date(2024, 12, 31)))
def test_a_visit_without_year_is_of_the_campaigns(day: dt.date) -> None:
    for form in (
        f"{day.month}月{day.day}日",
        f"{day.month}.{day.day}",
        f"{day.month}月{day.day}号",
        f"{day.month}/{day.day}",
        f"{day.month}.{day.day}日",
    ):
        assert read_visit(form, year=2024).iso == day.isoformat(), form
    assert read_visit(f"{day:%Y}.{day.month}.{day.day}", year=2030).iso == day.isoformat()


@given(st.text(max_size=25))
def test_no_date_cell_is_too_strange(text: str) -> None:
    read = read_birth(text, newest=2021)
    assert read.iso is None or len(read.iso) in (4, 7, 10)


MOBILE = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)


@given(
    MOBILE,
    st.sampled_from(
        [
            "{0}",
            "{1} {2} {3}",
            "{1}-{2}-{3}",
            "+86{0}",
            "86-{0}",
            "0086 {0}",
            "{0}（妈妈）",
            "手机：{0}",
            "Tel {0}",
            " {0}\u00a0",
            "{0}.0",
            "电话{1} {2} {3}",
        ]
    ),
)
def test_a_phone_is_its_eleven_digits_however_written(phone: str, form: str) -> None:
    text = form.format(phone, phone[:3], phone[3:7], phone[7:])
    assert read_phones(text).numbers == (phone,)
    assert read_phones(text.translate(WIDE)).numbers == (phone,)


@given(
    MOBILE, MOBILE, st.sampled_from(["{} {}", "{}/{}", "{}、{}", "{}\n{}", "{}（爷爷） {}（奶奶）", "{};{}", "{}{}"])
)
def test_two_phones_are_two(first: str, second: str, form: str) -> None:
    assume(first != second)
    assert set(read_phones(form.format(first, second)).numbers) == {first, second}


@given(MOBILE, st.integers(0, 10))
def test_a_phone_with_a_digit_missing_is_none(phone: str, at: int) -> None:
    short = phone[:at] + phone[at + 1 :]
    read = read_phones(short)
    assert (read.numbers, read.warning) == ((), "phone_invalid")


@given(st.text(max_size=30))
def test_no_phone_cell_is_too_strange(text: str) -> None:
    assert all(len(n) == 11 and n.isdigit() for n in read_phones(text).numbers)


@given(
    st.sampled_from("王李赵欧"),
    st.sampled_from("一二三小大"),
    st.sampled_from([" ", "  ", "\u3000", "\u00a0", ""]),
    st.sampled_from(["", " ", "\u00a0", "\u3000"]),
)
def test_a_spread_out_name_is_pulled_together(first: str, second: str, between: str, around: str) -> None:
    assert read_name(f"{around}{first}{between}{second}{around}").text == first + second
    named = read_name(f"{first}{second}（化名）")
    assert (named.text, named.alias) == (first + second, True)


def test_sexes_are_told_by_words_letters_and_codes() -> None:
    boys, girls = frozenset(WORDS.phrases["boy"]), frozenset(WORDS.phrases["girl"])
    for text, sex in (
        ("男", "M"),
        ("女生", "F"),
        (" 男 ", "M"),
        ("F", "F"),
        ("Ｍ", "M"),
        ("1", "M"),
        ("2", "F"),
        ("男孩", "M"),
        ("不详", None),
    ):
        assert read_sex(text, boys, girls) == sex
    assert read_sex("1", boys, girls, (("1", "F"), ("2", "M"))) == "F"


KINDS = {
    "孤儿": "orphan",
    "事实无人抚养": "unattended",
    "低保": "poor",
    "特困": "poor",
    "肢体残疾": "disabled",
    "孤独症": "disabled",
    "留守": "left_behind",
    "父母外出务工": "left_behind",
    "单亲": "other",
    "困境儿童": "other",
}


@given(
    st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=4),
    st.sampled_from(["、", "/", "，", "+", " ", ";", "且", "\n"]),
)
def test_kinds_of_need_are_a_set_however_joined(names: list[str], separator: str) -> None:
    assert KindReader(WORDS).read(separator.join(names)).found == {KINDS[n] for n in names}


TRADITIONAL = {
    "兩百元": (20000, 20000),
    "不超過300元": (None, 30000),
    "一百塊錢": (10000, 10000),
    "約參佰元": (30000, 30000),
}


@given(
    st.integers(1, 8),
    st.integers(1, 8),
    st.sampled_from(["{}-{}{}", "{}～{}{}元", "{}到{}{}", "{}、{}{}"]),
    st.sampled_from([("十", 10), ("百", 100), ("千", 1000)]),
    st.booleans(),
)
def test_a_unit_behind_the_second_number_is_of_both(
    low: int, step: int, form: str, unit: tuple[str, int], words: bool
) -> None:
    high = min(9, low + step)
    said = [DIGITS[n] if words else str(n) for n in (low, high)]
    [price] = read_price(form.format(*said, unit[0]), NOTHING, FREE).prices
    assert (price.low, price.high) == (low * unit[1] * 100, high * unit[1] * 100)


@given(st.integers(1, 999), st.integers(1, 9), st.sampled_from(["{}块{}", "{}元{}角", "{}块{}毛", "{}块{}毛钱"]))
def test_a_digit_behind_the_yuan_counts_tenths(yuan: int, tenths: int, form: str) -> None:
    [price] = read_price(form.format(yuan, tenths), NOTHING, FREE).prices
    assert price.high == yuan * 100 + tenths * 10


@given(st.integers(1, 2000), st.sampled_from(["{}元（含运费）", "（约）{}元", "{}元(左右)", "{}（最好是蓝色的）"]))
def test_a_remark_in_brackets_is_no_price(value: int, form: str) -> None:
    [price] = read_price(form.format(value), NOTHING, FREE).prices
    assert price.high == value * 100


@given(st.integers(1, 9999))
def test_a_sum_repeated_in_words_is_one_price(value: int) -> None:
    [price] = read_price(f"{value}元（{spoken(value).translate(FORMAL)}元整）", NOTHING, FREE).prices
    assert price.high == value * 100


def test_traditional_characters_are_read_like_simplified_ones() -> None:
    assert {
        text: (p.low, p.high) for text in TRADITIONAL for p in read_price(text, NOTHING, FREE).prices
    } == TRADITIONAL
    assert [number(text) for text in ("兩千三", "參佰", "壹萬貳仟")] == [2300, 300, 12000]


@given(BIRTHS, st.booleans())
def test_months_and_days_in_words_behind_a_year_in_figures(day: dt.date, traditional: bool) -> None:
    text = f"{day.year}年{spoken(day.month)}月{spoken(day.day)}" + ("號" if traditional else "日")
    assert read_birth(text, newest=2021).iso == day.isoformat()
    assert (
        read_birth(f"{day.year}年{'元' if day.month == 1 else spoken(day.month)}月", newest=2021).iso == f"{day:%Y-%m}"
    )
    if day.year != 2020 or day.day > 12:  # 200112 may be a month of 2001
        assert read_birth(f"{day:%y%m%d}", newest=2021).iso == day.isoformat()


@given(MOBILE)
def test_a_phone_in_words_or_with_a_letter_for_the_one(phone: str) -> None:
    assert read_phones(phone.translate(str.maketrans("0123456789", "零一二三四五六七八九"))).numbers == (phone,)
    assert read_phones(f"l{phone[1:]}").numbers == (phone,)
    assert read_phones(f"（+86）{phone}").numbers == (phone,)


RELATIONS = frozenset(WORDS.phrases["relation"])


@given(st.sampled_from(["父亲", "奶奶", "外公", "妈妈"]), st.sampled_from(["王强", "欧阳建国", "李梅"]))
def test_a_guardian_and_the_relation_stand_in_any_order(relation: str, name: str) -> None:
    for form in ("{1}（{0}）", "{0}（{1}）", "{0}:{1}", "{1} {0}", "{1}/{0}", "{0}{1}", "{1}-{0}"):
        assert read_guardian(form.format(relation, name), RELATIONS) == (name, relation), form
