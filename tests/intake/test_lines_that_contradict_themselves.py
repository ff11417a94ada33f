"""What reads well on its own and cannot be true beside its neighbours: it is parked, or told apart, and never taken in silence."""

from __future__ import annotations

from typing import Any

import pytest

from tests.intake.workbooks import Understand, workbook
from wishes.intake.understanding import Entry

HEAD = ["序号", "姓名", "性别", "出生年月", "年龄", "监护人", "联系电话", "微心愿", "价格", "监护人同意"]
LINES: list[list[Any]] = [
    [1, "王大山", "男", "2013.5", 11, "王强", "19900001111", "书包", 80, "是"],
    [2, "刘小河", "女", "2014.7", 10, "刘刚", "19900001112", "足球", 60, "是"],
    [3, "赵青青", "女", "2012.3", 12, "赵平", "19900001113", "台灯", 90, "是"],
    [4, "周小石", "男", "2015.9", 9, "周林", "19900001114", "跳绳", 20, "是"],
]


def read(understand: Understand, rows: list[list[Any]]) -> list[Entry]:
    return understand(workbook([["青禾市西岭县石桥镇微心愿统计表"], *rows])).entries


def with_first(**cells: Any) -> list[list[Any]]:
    first = list(LINES[0])
    for title, value in cells.items():
        first[HEAD.index(title)] = value
    return [HEAD, first, *LINES[1:]]


def test_lines_without_a_contradiction_are_accepted(understand_bytes: Understand) -> None:
    assert [e.status for e in read(understand_bytes, [HEAD, *LINES])] == ["accepted"] * 4


@pytest.mark.parametrize(
    ("cells", "doubt"),
    [
        ({"年龄": 41}, "age_unsure"),
        ({"出生年月": "1983.5", "年龄": 11}, "age_unsure"),
        ({"出生年月": "2024.10"}, "age_unsure"),
        ({"微心愿": "80元", "价格": "书包"}, "row_unsure"),
        ({"姓名": "男", "性别": "王大山"}, "row_unsure"),
        ({"性别": "2013.5.6"}, "row_unsure"),
        ({"监护人": "低保户"}, "row_unsure"),
        ({"价格": "1990000"}, "price_unreadable"),
        ({"价格": "百八十块"}, "price_unreadable"),
        ({"微心愿": "奶奶"}, "item_unknown"),
    ],
)
def test_a_line_that_contradicts_itself_is_parked(
    understand_bytes: Understand, cells: dict[str, Any], doubt: str
) -> None:
    entry = read(understand_bytes, with_first(**cells))[0]
    assert entry.status == "parked"
    assert doubt in entry.doubts


def test_the_child_is_nobodys_guardian_and_certainly_not_its_own(understand_bytes: Understand) -> None:
    entry = read(understand_bytes, with_first(监护人="王大山"))[0]
    assert (entry.child, entry.guardian, entry.status) == ("王大山", None, "accepted")


def test_a_guardian_and_a_number_that_changed_places_are_both_found(understand_bytes: Understand) -> None:
    entry = read(understand_bytes, with_first(监护人="19900001111", 联系电话="王强"))[0]
    assert (entry.guardian, entry.phone, entry.status) == ("王强", ("19900001111",), "accepted")


@pytest.mark.parametrize(
    ("other", "number"),
    [
        ("党员姓名", "党员电话"),
        ("爱心妈妈", "爱心妈妈联系方式"),
        ("采集人", "采集人手机"),
        ("包村干部", "孩子包村干部电话"),
    ],
)
def test_the_number_of_somebody_else_is_not_the_familys(understand_bytes: Understand, other: str, number: str) -> None:
    head = ["序号", other, number, *HEAD[1:]]
    rows = [[line[0], "孙" + line[1][1:], f"1660000{2000 + line[0]}", *line[1:]] for line in LINES]
    entries = read(understand_bytes, [head, *rows])
    assert [(e.child, e.phone) for e in entries] == [(line[1], (line[6],)) for line in LINES]


def test_of_two_people_in_a_line_the_child_is_the_one_below_the_childrens_heading(understand_bytes: Understand) -> None:
    head = [
        ["序号", "服刑人员情况", "", "", "子女情况", "", "", "照料人", "", "微心愿", "价格", "照料人书面同意"],
        ["", "姓名", "性别", "出生日期", "姓名", "性别", "出生日期", "姓名", "电话", "", "", ""],
    ]
    rows = [
        [
            n,
            f"王{'甲乙丙'[n]}",
            "男",
            f"198{n}.3.1",
            f"王小{'山河石'[n]}",
            "女",
            f"201{n + 2}.4.5",
            "刘芳",
            f"1990000111{n}",
            "书包",
            80,
            "是",
        ]
        for n in range(3)
    ]
    merge = ["B2:D2", "E2:G2", "H2:I2", "A2:A3", "J2:J3", "K2:K3", "L2:L3"]
    book = workbook([["青禾市西岭县石桥镇司法所微心愿"], *head, *rows], merge=merge)
    entries = understand_bytes(book).entries
    assert [(e.child, e.gender, e.birth, e.guardian, e.status) for e in entries] == [
        ("王小山", "F", "2012-04-05", "刘芳", "accepted"),
        ("王小河", "F", "2013-04-05", "刘芳", "accepted"),
        ("王小石", "F", "2014-04-05", "刘芳", "accepted"),
    ]


def test_the_day_of_something_else_is_no_birth(understand_bytes: Understand) -> None:
    head = ["姓名", "性别", "年龄", "微心愿", "价格", "监护人同意书", "送到日期", "交接时间"]
    rows = [
        [line[1], line[2], line[4], line[7], line[8], "有", f"2024-10-0{line[0]}", f"2024-11-0{line[0]}"]
        for line in LINES
    ]
    assert [(e.birth, e.age) for e in read(understand_bytes, [head, *rows])] == [(None, line[4]) for line in LINES]


def test_years_of_birth_alone_stand_below_their_title(understand_bytes: Understand) -> None:
    head = ["谁家的", "孩子叫啥", "小子丫头", "哪年生的", "要啥", "多钱", "电话", "大人签没签"]
    rows = [
        [
            line[5],
            line[1],
            "小子" if line[2] == "男" else "丫头",
            f"{str(line[3])[:4]}年生",
            line[7],
            "不到一百",
            line[6],
            "签了",
        ]
        for line in LINES
    ]
    entries = read(understand_bytes, [head, *rows])
    assert [(e.child, e.gender, e.birth, e.guardian) for e in entries] == [
        ("王大山", "M", "2013", "王强"),
        ("刘小河", "F", "2014", "刘刚"),
        ("赵青青", "F", "2012", "赵平"),
        ("周小石", "M", "2015", "周林"),
    ]
    assert {(e.price_low, e.price_high, e.status) for e in entries} == {(None, 10_000, "accepted")}


def test_a_kind_of_disability_needs_not_say_so_and_the_birth_is_in_the_certificates_number(
    understand_bytes: Understand,
) -> None:
    head = ["姓名", "性别", "残疾证号", "残疾类别", "微心愿", "价格", "监护人签字"]
    rows = [
        ["王大山", "男", "99999920130512001044", "精神", "书包", 80, "是"],
        ["刘小河", "女", "99999920140716002021", "多重", "足球", 60, "是"],
        ["赵青青", "女", "", "无", "台灯", 90, "是"],
    ]
    entries = read(understand_bytes, [head, *rows])
    assert [(e.birth, e.types) for e in entries] == [
        ("2013-05-12", ("disabled",)),
        ("2014-07-16", ("disabled",)),
        (None, ()),
    ]
    assert "9999992013" not in repr(entries)


def test_a_childs_health_tells_of_a_disability(understand_bytes: Understand) -> None:
    head = ["姓名", "性别", "类别", "身体状况", "微心愿", "价格", "监护人签字"]
    rows = [
        ["王大山", "男", "孤儿", "健康", "书包", 80, "是"],
        ["刘小河", "女", "孤儿", "脑瘫", "足球", 60, "是"],
        ["赵青青", "女", "低保", "良好", "台灯", 90, "是"],
    ]
    assert [e.types for e in read(understand_bytes, [head, *rows])] == [("orphan",), ("orphan", "disabled"), ("poor",)]


def test_a_sheet_on_its_side_says_above_its_table_that_guardians_agreed(understand_bytes: Understand) -> None:
    rows: list[list[Any]] = [["石桥镇林场儿童微心愿（家长知情同意书已签，林场工会存）"]]
    for title in ("姓名", "性别", "出生年月", "监护人", "联系电话", "微心愿", "价格"):
        rows.append([title, *(line[HEAD.index(title)] for line in LINES)])
    entries = understand_bytes(workbook(rows)).entries
    assert [(e.cell, e.child, e.consent, e.status) for e in entries] == [
        (f"{column}7", line[1], "batch", "accepted") for column, line in zip("BCDE", LINES, strict=True)
    ]


def test_a_list_in_one_column_is_told_as_people_speak(understand_bytes: Understand) -> None:
    rows = [
        ["石桥镇关工委微心愿，家长均签了知情同意书，由关工委保管"],
        ["1、王大山，男，2013年出生，家住柳树村，父母在外打工，跟着奶奶王英过，电话19900001111，想要台灯，大约80元。"],
        ["2、刘小河，女，2014年生，家住河口村，低保户，跟姥姥刘芳过，电话19900001112，想要书包，大约90元。"],
        ["3、赵青青，女，2012年出生，家住柳树村，单亲，跟着爷爷赵平生活，电话19900001113，想要足球，大约60元。"],
    ]
    entries = understand_bytes(workbook(rows)).entries
    assert [(e.child, e.birth, e.guardian, e.types, e.item, e.price_high) for e in entries] == [
        ("王大山", "2013", "王英", ("left_behind",), "台灯", 8000),
        ("刘小河", "2014", "刘芳", ("poor",), "书包", 9000),
        ("赵青青", "2012", "赵平", ("other",), "足球", 6000),
    ]


def test_last_years_wish_is_none_beside_this_years(understand_bytes: Understand) -> None:
    head = ["姓名", "性别", "去年心愿", "是否实现", "今年心愿", "价格", "监护人签字"]
    rows = [[line[1], line[2], "书包", "是", line[7], line[8], "是"] for line in LINES]
    entries = read(understand_bytes, [head, *rows])
    assert [(e.item, e.price_high) for e in entries] == [(line[7], line[8] * 100) for line in LINES]


def test_a_picture_that_may_not_be_shown_is_no_refusal_of_the_wish(understand_bytes: Understand) -> None:
    head = ["姓名", "性别", "微心愿", "价格", "监护人是否同意参加", "是否同意公开照片"]
    rows = [[line[1], line[2], line[7], line[8], "同意" if line[0] > 1 else "不同意", "不同意"] for line in LINES]
    assert [e.consent for e in read(understand_bytes, [head, *rows])] == ["no", "yes", "yes", "yes"]


def test_a_line_that_slipped_is_parked_and_refused_for_nothing(understand_bytes: Understand) -> None:
    first, second, *rest = LINES
    rows = [[first[0], None, *first[1:-1]], [second[0], *second[2:], None], *rest]
    entries = read(understand_bytes, [HEAD, *rows])
    assert [(e.status, e.reasons) for e in entries[:2]] == [("parked", []), ("parked", [])]
    assert [e.status for e in entries[2:]] == ["accepted", "accepted"]


def test_the_wish_of_a_second_child_in_the_line_is_not_given_to_the_first(understand_bytes: Understand) -> None:
    head = ["户主", "电话", "孩子1姓名", "孩子1性别", "孩子1心愿", "孩子2姓名", "孩子2性别", "孩子2心愿", "家长同意"]
    rows = [["王强", "19900001111", "王大山", "男", "书包", "王小河", "女", "足球", "是"]] + [
        [line[5], line[6], line[1], line[2], line[7], line[1][0] + "小雨", "女", "跳绳", "是"] for line in LINES[1:]
    ]
    entries = read(understand_bytes, [head, *rows])
    assert [(e.child, e.guardian, e.status) for e in entries[:2]] == [
        ("王大山", "王强", "accepted"),
        ("王大山", "王强", "parked"),
    ]


def test_a_birth_in_three_columns_is_one(understand_bytes: Understand) -> None:
    rows = [
        ["青禾市西岭县石桥镇微心愿"],
        ["序号", "姓名", "性别", "出生", "", "", "监护人", "", "微心愿", "价格", "家长同意"],
        ["", "", "", "年", "月", "日", "姓名", "电话", "", "", ""],
        [1, "王大山", "男", 2013, 5, 12, "王强", "19900001111", "书包", 80, "是"],
        [2, "刘小河", "女", 2014, 10, "", "刘刚", "19900001112", "足球", 60, "是"],
        [3, "赵青青", "女", 2012, "", "", "赵平", "19900001113", "台灯", 90, "是"],
    ]
    merge = ["A2:A3", "B2:B3", "C2:C3", "D2:F2", "G2:H2", "I2:I3", "J2:J3", "K2:K3"]
    entries = understand_bytes(workbook(rows, merge=merge)).entries
    assert [(e.birth, e.guardian, e.price_high) for e in entries] == [
        ("2013-05-12", "王强", 8000),
        ("2014-10", "刘刚", 6000),
        ("2012", "赵平", 9000),
    ]


@pytest.mark.parametrize("whose", ["家长", "户主", "监护人"])
def test_an_identity_number_of_the_family_is_no_childs_birth(understand_bytes: Understand, whose: str) -> None:
    head = ["姓名", "性别", "年龄", f"{whose}姓名", f"{whose}身份证号", f"{whose}电话", "微心愿", "价格", "家长签字"]
    rows = [
        [line[1], line[2], line[4], line[5], f"99999919850712001{line[0]}", line[6], line[7], line[8], "是"]
        for line in LINES
    ]
    entries = read(understand_bytes, [head, *rows])
    assert [(e.birth, e.age, e.phone, e.status) for e in entries] == [
        (None, line[4], (line[6],), "accepted") for line in LINES
    ]


def test_a_party_member_told_with_a_number_in_one_cell_is_not_of_the_family(understand_bytes: Understand) -> None:
    head = [
        "支部书记",
        "书记电话",
        "结对党员及电话",
        "被帮扶儿童",
        "年龄",
        "微心愿",
        "金额",
        "带养人",
        "带养人电话",
        "家长同意",
    ]
    rows = [
        [
            "孙强",
            "16600002001",
            "孙林16600002002、马平16600002003",
            line[1],
            line[4],
            line[7],
            line[8],
            line[5],
            line[6],
            "是",
        ]
        for line in LINES
    ]
    entries = read(understand_bytes, [head, *rows])
    assert [(e.child, e.guardian, e.phone) for e in entries] == [(line[1], line[5], (line[6],)) for line in LINES]


def test_what_was_handed_out_is_not_wished_for_once_more(understand_bytes: Understand) -> None:
    head = ["姓名", "性别", "心愿", "价格", "监护人同意", "实发物品", "领取人", "领取人电话"]
    rows = [[line[1], line[2], line[7], line[8], "是", "书包", line[5], line[6]] for line in LINES]
    entries = read(understand_bytes, [head, *rows])
    assert [(e.item, e.price_high) for e in entries] == [(line[7], line[8] * 100) for line in LINES]


def test_the_numbers_of_recommender_and_taker_on_a_card_are_theirs(understand_bytes: Understand) -> None:
    rows: list[list[Any]] = []
    for line in LINES[:3]:
        rows += [
            ["石桥镇微心愿卡"],
            ["姓名", line[1], "性别", line[2], "年龄", line[4]],
            ["监护人", line[5], "与孩子关系", "父亲", "电话", line[6]],
            ["我的心愿", line[7], "预算", line[8], "家长签字", "已签"],
            ["推荐单位", "柳树村委会", "经办人", "孙强", "电话", "16600002001"],
            ["认领人", "马平", "单位", "县医院", "电话", "16600002002"],
            [],
        ]
    entries = understand_bytes(workbook(rows)).entries
    assert [(e.child, e.phone, e.status) for e in entries] == [(line[1], (line[6],), "accepted") for line in LINES[:3]]


def test_a_township_called_what_it_was_before_is_known_by_its_name(lexicon: Any) -> None:
    read = lexicon.places.read("龙潭乡柳树村")
    assert (read.town, read.village) == ("459902101", "柳树村")


@pytest.mark.parametrize(
    ("cell", "things"),
    [
        ("棉鞋一双37号书包一个", ["棉鞋", "书包"]),
        ("两本书一个书包", ["课外书", "书包"]),
        ("一双棉鞋37号", ["棉鞋"]),
        ("三套衣服", ["衣服"]),
    ],
)
def test_amounts_part_things_that_nothing_else_parts(
    understand_bytes: Understand, cell: str, things: list[str]
) -> None:
    entries = read(understand_bytes, [HEAD, [*LINES[0][:7], cell, "", "是"], *LINES[1:]])
    assert [e.item for e in entries if e.child == "王大山"] == things


@pytest.mark.parametrize("cell", ["衣服鞋子", "棉袄棉裤一套", "饭盒水杯"])
def test_two_things_in_one_breath_are_parked(understand_bytes: Understand, cell: str) -> None:
    entry = read(understand_bytes, with_first(微心愿=cell))[0]
    assert (entry.status, entry.doubts) == ("parked", ["wish_cut_unsure"])


@pytest.mark.parametrize("cell", ["羽绒服外套", "奥特曼书包", "学习用品书包"])
def test_a_thing_may_lend_another_its_name(understand_bytes: Understand, cell: str) -> None:
    assert read(understand_bytes, with_first(微心愿=cell))[0].status == "accepted"


def test_going_to_see_lamps_is_no_lamp(understand_bytes: Understand) -> None:
    entry = read(understand_bytes, with_first(微心愿="想去江边看河灯"))[0]
    assert (entry.category, entry.need) == ("experience", "vetted")


@pytest.mark.parametrize(
    ("cell", "reason"),
    [("视频会员", "cash_wish"), ("零花", "cash_wish"), ("麻雷子", "unsafe_item"), ("啥都行", "missing_wish")],
)
def test_northern_words_for_what_is_refused_are_known(understand_bytes: Understand, cell: str, reason: str) -> None:
    assert read(understand_bytes, with_first(微心愿=cell))[0].reasons == [reason]


@pytest.mark.parametrize(
    ("price", "fen"),
    [("80不到", (None, 8000)), ("一百以里", (None, 10_000)), ("l20", (12_000, 12_000)), ("80元80元", (8000, 8000))],
)
def test_prices_as_people_type_and_say_them(
    understand_bytes: Understand, price: str, fen: tuple[int | None, int]
) -> None:
    entry = read(understand_bytes, with_first(价格=price))[0]
    assert ((entry.price_low, entry.price_high), entry.status) == (fen, "accepted")


@pytest.mark.parametrize("price", ["50%", "100美元", "5角", "百儿八十", "百十来块"])
def test_a_number_that_is_no_price_in_yuan_is_parked(understand_bytes: Understand, price: str) -> None:
    entry = read(understand_bytes, with_first(价格=price))[0]
    assert (entry.status, entry.price_high) == ("parked", None)
