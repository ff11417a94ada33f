"""Senders nobody has seen: other titles, layouts, years, ceilings and dirt than the demonstration campaign has."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.intake.workbooks import Understand, workbook
from wishes.intake.understanding import Entry, FileReading, SenderMemory


def by_cell(reading: FileReading) -> dict[tuple[str, int], Entry]:
    return {(e.cell, e.part): e for e in reading.entries}


def told(entry: Entry, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(entry, n) for n in names)


def test_titles_nobody_listed_are_recognised_by_what_the_cells_hold(understand_bytes: Understand) -> None:
    rows: list[list[Any]] = [
        ["石桥镇2024年圆梦行动登记册"],
        [
            "册号",
            "小寿星",
            "娃儿是",
            "哪天来到世上",
            "屋头在哪",
            "惦记着",
            "花销",
            "拨哪个号",
            "哪种情形",
            "家里大人点头没",
        ],
    ]
    people = [
        ("王大山", "男", "2013-05-06", "西岭县石桥镇柳树村3组", "书包", 120, "19900001111", "留守", "同意"),
        ("李小河", "女", "2014-07-01", "西岭县石桥镇柳树村", "水彩笔", 40, "19900001112", "低保", "同意"),
        ("赵青青", "女", "2012-01-09", "石桥镇河口村1号", "羽绒服 身高150", 260, "16600001113", "孤儿", "同意"),
        ("钱多宝", "男", "2011-11-11", "石桥镇河口村", "足球", 90, "16600001114", "残疾", "同意"),
        ("孙一鸣", "男", "2015-03-03", "石桥镇柳树村", "台灯", 80, "16600001115", "单亲", "不同意"),
    ]
    rows += [[i + 1, *p] for i, p in enumerate(people)]
    reading = understand_bytes(workbook(rows))
    assert [e.child for e in reading.entries] == [p[0] for p in people]
    assert [e.item for e in reading.entries] == ["书包", "水彩笔", "羽绒服", "足球", "台灯"]
    first = reading.entries[0]
    assert told(first, "gender", "birth", "county", "town", "village", "phone", "types", "price_high", "consent") == (
        "M",
        "2013-05-06",
        "459902",
        "459902100",
        "柳树村",
        ("19900001111",),
        ("left_behind",),
        12000,
        "yes",
    )
    assert reading.entries[2].size == 150
    assert reading.entries[4].reasons == ["no_consent"]


def test_the_other_date_system_shifts_cells_and_bare_day_numbers_alike(understand_bytes: Understand) -> None:
    day = dt.date(2013, 5, 6)
    serial = (day - dt.date(1904, 1, 1)).days
    rows = [
        ["姓名", "性别", "出生日期", "心愿", "家长签字"],
        ["王大山", "男", day, "书包", "是"],
        ["李小河", "女", serial, "足球", "是"],
    ]
    reading = understand_bytes(workbook(rows, date1904=True, formats={"C2": "yyyy-mm-dd"}))
    assert [e.birth for e in reading.entries] == ["2013-05-06", "2013-05-06"]
    assert "date_serial" in reading.entries[1].warnings


def test_a_lunar_birthday_keeps_only_its_year(understand_bytes: Understand) -> None:
    rows = [
        ["姓名", "出生年月", "心愿", "监护人同意"],
        ["王大山", "农历2013年五月初六", "书包", "√"],
        ["李小河", "2012年腊月", "足球", "√"],
        ["赵青青", "阴历二〇一一年三月", "台灯", "√"],
    ]
    entries = understand_bytes(workbook(rows)).entries
    assert [e.birth for e in entries] == ["2013", "2012", "2011"]
    assert all("birth_lunar" in e.warnings for e in entries)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "utf-16-le"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separated_text_is_read_in_every_encoding(understand_bytes: Understand, encoding: str, separator: str) -> None:
    lines = [
        ["白沙镇中心小学心愿表", "", "", "", "", ""],
        ["序号", "姓名", "性别", "心愿", "预计价格", "家长是否同意"],
        ["1", "王大山", "男", "书包", "约90元", "同意"],
        ["2", "李䶮", "女", "故事书", "30-50元", "同意"],
    ]
    text = "\r\n".join(separator.join(line) for line in lines) + "\r\n"
    reading = understand_bytes(text.encode(encoding), "心愿.csv")
    assert [told(e, "sheet", "cell", "child", "item", "price_low", "price_high", "town") for e in reading.entries] == [
        ("(csv)", "D3", "王大山", "书包", 9000, 9000, "459901100"),
        ("(csv)", "D4", "李䶮", "故事书", 3000, 5000, "459901100"),
    ]
    assert reading.sender_kind == "school"


def test_tables_side_by_side_are_two_tables(understand_bytes: Understand) -> None:
    head = ["序号", "姓名", "性别", "心愿", "价格", "监护人同意"]
    rows = [
        ["龙潭镇微心愿"],
        [*head, None, *head],
        [1, "王大山", "男", "书包", 80, "是", None, 3, "赵青青", "女", "台灯", 60, "是"],
        [2, "李小河", "女", "足球", 70, "是", None, 4, "钱多宝", "男", "篮球", 75, "否"],
    ]
    reading = understand_bytes(workbook(rows))
    got = {e.cell: (e.child, e.item, e.price_high, e.status) for e in reading.entries}
    assert got == {
        "D3": ("王大山", "书包", 8000, "accepted"),
        "D4": ("李小河", "足球", 7000, "accepted"),
        "K3": ("赵青青", "台灯", 6000, "accepted"),
        "K4": ("钱多宝", "篮球", 7500, "rejected"),
    }


def test_cards_below_and_beside_each_other_are_one_child_each(understand_bytes: Understand) -> None:
    def card(name: str, sex: str, wish: str, price: str) -> list[list[Any]]:
        return [
            ["圆梦卡", None, None, None],
            ["孩子姓名", name, "性别", sex],
            ["出生年月", "2013年5月", "家长电话", "19900001111"],
            ["心愿", wish, "预算", price],
            ["监护人意见", "同意", "家庭住址", "龙潭镇上湾村2组"],
            [None] * 4,
        ]

    rows = []
    for left, right in (
        (card("王大山", "男", "书包", "80元"), card("李小河", "女", "水彩笔、画本", "30、15")),
        (card("赵青青", "女", "看电影", "免费"), card("钱多宝", "男", "水果刀", "20")),
    ):
        rows += [[*a, None, *b] for a, b in zip(left, right, strict=True)]
    reading = understand_bytes(workbook(rows))
    got = [told(e, "cell", "part", "child", "item", "price_high", "status") for e in reading.entries]
    assert sorted(got) == sorted(
        [
            ("B4", 1, "王大山", "书包", 8000, "accepted"),
            ("G4", 1, "李小河", "水彩笔", 3000, "accepted"),
            ("G4", 2, "李小河", "素描本", 1500, "accepted"),
            ("B10", 1, "赵青青", "看电影", 0, "accepted"),
            ("G10", 1, "钱多宝", "水果刀", 2000, "rejected"),
        ]
    )
    assert all(told(e, "town", "village", "birth") == ("459902101", "上湾村", "2013-05") for e in reading.entries)


def test_titles_and_values_in_one_cell_make_a_card(understand_bytes: Understand) -> None:
    rows = [
        ["微心愿登记卡"],
        ["姓名：王大山", "性别：男"],
        ["出生日期：2013-05-06", "联系电话：199 0000 1111"],
        ["心愿：一双运动鞋（38码）", "价格：120元"],
        ["监护人是否同意：同意", "住址：白沙镇东村"],
    ]
    [entry] = understand_bytes(workbook(rows)).entries
    assert told(
        entry, "cell", "child", "gender", "birth", "phone", "item", "size", "price_high", "status", "village"
    ) == (
        "A4",
        "王大山",
        "M",
        "2013-05-06",
        ("19900001111",),
        "运动鞋",
        38,
        12000,
        "accepted",
        "东村",
    )


def test_repeated_headers_sections_totals_and_signatures_are_no_children(understand_bytes: Understand) -> None:
    head = ["序号", "姓名", "性别", "心愿", "金额", "家长签字"]
    rows = [
        ["附件1"],
        ["瑶寨乡爱心圆梦名单"],
        head,
        ["（一）上寨村"],
        [1, "王大山", "男", "书包", 80, "√"],
        [2, "李小河", "女", "足球", 70, "√"],
        ["小计", None, None, "2个", 150],
        head,
        ["（二）下寨村"],
        [3, "赵青青", "女", "台灯", 60, "√"],
        [4],
        [],
        ["合计", None, None, "共3个", 210],
        ["填表人：周明", None, None, "审核人：吴方"],
        ["备注：本表请于9月10日前报送"],
    ]
    reading = understand_bytes(workbook(rows))
    assert [(e.child, e.village) for e in reading.entries] == [
        ("王大山", "上寨村"),
        ("李小河", "上寨村"),
        ("赵青青", "下寨村"),
    ]
    fates = [f.fate for f in reading.fates]
    assert fates == [
        "title",
        "title",
        "header",
        "section",
        "wish",
        "wish",
        "total",
        "header",
        "section",
        "wish",
        "number_only",
        "blank",
        "total",
        "footer",
        "note",
    ]


def test_merged_cells_and_ditto_marks_repeat_what_stands_above(understand_bytes: Understand) -> None:
    rows = [
        ["姓名", "性别", "家庭住址", "监护人", "联系电话", "心愿", "价格", "同意书"],
        ["王大山", "男", "临江镇沙洲村", "王强（父亲）", "19900001111", "书包", 80, "有"],
        ["王小山", "女", None, None, None, "水彩笔", 40, "有"],
        ["赵青青", "女", "临江镇港口村", "赵亮", "16600002222", "台灯", 60, "有"],
        ["赵红红", "女", "同上", "〃", "〃", "〃", "同上", "有"],
        [None, None, None, None, None, "跳绳", 20, None],
    ]
    reading = understand_bytes(workbook(rows, merge=["C2:C3", "D2:D3", "E2:E3"]))
    got = [told(e, "child", "village", "guardian", "phone", "item", "price_high", "consent") for e in reading.entries]
    assert got == [
        ("王大山", "沙洲村", "王强", ("19900001111",), "书包", 8000, "yes"),
        ("王小山", "沙洲村", "王强", ("19900001111",), "水彩笔", 4000, "yes"),
        ("赵青青", "港口村", "赵亮", ("16600002222",), "台灯", 6000, "yes"),
        ("赵红红", "港口村", "赵亮", ("16600002222",), "台灯", 6000, "yes"),
        ("赵红红", "港口村", "赵亮", ("16600002222",), "跳绳", 2000, "yes"),
    ]


def test_a_struck_line_or_a_remark_withdraws(understand_bytes: Understand) -> None:
    rows = [
        ["姓名", "心愿", "价格", "监护人同意", "备注"],
        ["王大山", "书包", 80, "是", None],
        ["李小河", "足球", 70, "是", "家长说不要了"],
        ["赵青青", "台灯", 60, "是", "望尽快，不取消"],
    ]
    reading = understand_bytes(workbook(rows, struck=["A2", "B2", "C2", "D2"]))
    assert [e.reasons for e in reading.entries] == [["withdrawn"], ["withdrawn"], []]


def test_hidden_rows_count_and_hidden_sheets_do_not(understand_bytes: Understand) -> None:
    rows = [["姓名", "心愿", "家长同意"], ["王大山", "书包", "是"], ["李小河", "足球", "是"]]
    old = [["姓名", "心愿", "家长同意"], ["旧人甲", "书包", "是"]]
    reading = understand_bytes(
        workbook(rows, hidden_rows=[3], more=[("2023", old, "hidden"), ("去年", old, "veryHidden")])
    )
    assert [(e.child, "hidden_row" in e.warnings) for e in reading.entries] == [("王大山", False), ("李小河", True)]


def test_several_wish_columns_have_their_own_prices_or_share_a_sum(understand_bytes: Understand) -> None:
    own = understand_bytes(
        workbook(
            [
                ["姓名", "第一个心愿", "价格（元）", "第二个心愿", "价格（元）", "家长意见"],
                ["王大山", "书包", 80, "足球", 70, "同意"],
                ["李小河", "台灯", 60, None, None, "同意"],
            ]
        )
    )
    assert [told(e, "cell", "item", "price_high") for e in own.entries] == [
        ("B2", "书包", 8000),
        ("D2", "足球", 7000),
        ("B3", "台灯", 6000),
    ]
    shared = understand_bytes(
        workbook(
            [
                ["姓名", "心愿1", "心愿2", "总预算", "家长意见"],
                ["王大山", "书包", "足球", 150, "同意"],
                ["李小河", "台灯", None, 60, "同意"],
                ["赵青青", "帽子", "手套", "20、30", "同意"],
            ]
        )
    )
    assert [told(e, "item", "price_high") for e in shared.entries] == [
        ("书包", None),
        ("足球", None),
        ("台灯", 6000),
        ("帽子", 2000),
        ("手套", 3000),
    ]
    assert "price_total_only" in shared.entries[0].warnings


def test_ticks_and_codes_become_kinds_of_need(understand_bytes: Understand) -> None:
    ticked = understand_bytes(
        workbook(
            [
                ["姓名", "困境类别", None, None, None, "心愿", "签字"],
                [None, "孤儿", "低保", "残疾", "留守", None, None],
                ["王大山", "√", None, None, "√", "书包", "是"],
                ["李小河", "×", "1", "×", None, "足球", "是"],
            ],
            merge=["B1:E1", "A1:A2", "F1:F2", "G1:G2"],
        )
    )
    assert [e.types for e in ticked.entries] == [("orphan", "left_behind"), ("poor",)]
    coded = understand_bytes(
        workbook(
            [
                ["姓名", "性别", "类别", "心愿", "签字"],
                ["王大山", 1, "①③", "书包", "是"],
                ["李小河", 2, "2", "足球", "是"],
                ["赵青青", 2, "1,2", "台灯", "是"],
            ],
            more=[("填写须知", [["性别：1男 2女"], ["类别：1孤儿；2低保；3留守"]], "visible")],
        )
    )
    assert [(e.gender, e.types) for e in coded.entries] == [
        ("M", ("orphan", "left_behind")),
        ("F", ("poor",)),
        ("F", ("orphan", "poor")),
    ]


def test_only_a_finished_consent_of_all_counts_as_a_statement(understand_bytes: Understand) -> None:
    def status(sentence: str) -> str:
        rows = [["白沙镇心愿汇总"], [sentence], ["姓名", "性别", "心愿", "价格"], ["王大山", "男", "书包", 80]]
        [entry] = understand_bytes(workbook(rows)).entries
        return entry.status

    for good in (
        "以上儿童家长均已签署知情同意书，原件存于镇民政办。",
        "所有监护人书面同意已取得，资料留存学校备查",
        "知情同意书全部收齐，由本校归档保管",
        "本表所列孩子的父母都已签字同意，同意书原件在村委会存档",
    ):
        assert status(good) == "accepted", good
    for bad in (
        "填报前须征得监护人书面同意，同意书留存备查。",
        "部分监护人已签署知情同意书，其余待补签。",
        "监护人均已口头同意，备案待查",
        "请务必让家长签署知情同意书并存档",
        "同意书尚未收齐",
        "填报单位：白沙镇  已审核备案",
    ):
        assert status(bad) == "rejected", bad


def test_addresses_follow_the_row_and_the_redrawn_districts(understand_bytes: Understand) -> None:
    rows = [
        ["东禾区桂园街道"],
        ["姓名", "家庭住址", "心愿", "家长同意"],
        ["王大山", "桂花社区2栋", "书包", "是"],
        ["李小河", "旧城区云溪街道长乐社区", "足球", "是"],
        ["赵青青", "青禾市南浦市石桥镇港村5号", "台灯", "是"],
        ["钱多宝", "西岭县石桥镇柳树村", "跳绳", "是"],
        ["孙一鸣", "广东省深圳市南山区西丽街道", "篮球", "是"],
        ["周小文", "湖南岭村", "魔方", "是"],
        ["吴思远", "长宁市开阳区", "手表", "是"],
    ]
    got = [told(e, "county", "town", "village", "reasons") for e in understand_bytes(workbook(rows)).entries]
    assert got == [
        ("459901", "459901001", "桂花社区", []),
        ("459901", "459901002", "长乐社区", []),
        ("459981", "459981100", "港村", []),
        ("459902", "459902100", "柳树村", []),
        (None, None, None, ["out_of_area"]),
        ("459901", "459901001", "湖南岭村", []),
        (None, None, None, ["out_of_area"]),
    ]


def test_the_ceiling_and_the_age_are_the_campaigns_own(understand_bytes: Understand) -> None:
    rows = [
        ["姓名", "出生日期", "心愿", "价格", "家长同意"],
        ["王大山", "2010-01-01", "自行车", "450元", "是"],
        ["李小河", "2010-01-01", "自行车", "480-520", "是"],
        ["赵青青", "2006-09-01", "书包", 80, "是"],
        ["钱多宝", "2006-09-02", "书包", 80, "是"],
        ["孙一鸣", "2006-09", "书包", 80, "是"],
        ["周小文", "2006", "书包", "不超过500元", "是"],
    ]
    got = [(e.reasons, e.price_low, e.price_high) for e in understand_bytes(workbook(rows)).entries]
    assert got == [
        ([], 45000, 45000),
        (["over_ceiling"], 48000, 52000),
        (["age_out_of_range"], 8000, 8000),
        ([], 8000, 8000),
        ([], 8000, 8000),
        ([], None, 50000),
    ]


def test_examples_and_empty_templates_yield_nothing(understand_bytes: Understand) -> None:
    rows = [
        ["微心愿登记表（模板）"],
        ["序号", "姓名", "性别", "联系电话", "心愿", "家长同意"],
        ["示例", "张三", "男", "138****0000", "书包", "是"],
        [1],
        [2],
        [3],
        ["填表人：", None, None, "联系电话："],
    ]
    reading = understand_bytes(workbook(rows))
    assert reading.entries == []
    assert [f.fate for f in reading.fates] == [
        "title",
        "header",
        "example",
        "number_only",
        "number_only",
        "number_only",
        "footer",
    ]


def test_a_table_without_any_header_is_still_read(understand_bytes: Understand) -> None:
    rows = [
        ["王大山", "男", "2013-05-06", "19900001111", "书包", "石桥镇柳树村"],
        ["李小河", "女", "2014-07-01", "19900001112", "水彩笔", "石桥镇河口村"],
        ["赵青青", "女", "2012-01-09", "16600001113", "羽绒服", "石桥镇河口村"],
        ["钱多宝", "男", "2011-11-11", "16600001114", "足球", "石桥镇柳树村"],
    ]
    reading = understand_bytes(workbook(rows))
    assert [told(e, "child", "item", "birth") for e in reading.entries] == [
        ("王大山", "书包", "2013-05-06"),
        ("李小河", "水彩笔", "2014-07-01"),
        ("赵青青", "羽绒服", "2012-01-09"),
        ("钱多宝", "足球", "2011-11-11"),
    ]
    assert all(e.reasons == ["no_consent"] for e in reading.entries)


def test_the_guardians_columns_are_not_the_childs(understand_bytes: Understand) -> None:
    rows = [
        ["孩子信息", None, None, "家长信息", None, None, None, "心愿信息", None, "是否同意公开"],
        ["姓名", "性别", "身份证号", "姓名", "性别", "身份证号", "电话", "名称", "价格", None],
        ["王大山", "男", "999999201305060010", "王强", "女", "999999198001010010", "19900001111", "书包", 80, "是"],
        ["李小河", "女", "999999201407010020", "李刚", "男", "999999198101010010", "19900001112", "足球", 70, "是"],
    ]
    entries = understand_bytes(workbook(rows, merge=["A1:C1", "D1:G1", "H1:I1", "J1:J2"])).entries
    assert [told(e, "child", "gender", "birth", "guardian", "item", "price_high") for e in entries] == [
        ("王大山", "M", "2013-05-06", "王强", "书包", 8000),
        ("李小河", "F", "2014-07-01", "李刚", "足球", 7000),
    ]


def test_identity_numbers_leave_no_trace(understand_bytes: Understand) -> None:
    rows = [
        ["姓名", "身份证号", "心愿", "家长同意"],
        ["王大山", "999999201305060010", "书包", "是"],
        ["李小河", 999999201407010020, "足球", "是"],
    ]
    entries = understand_bytes(workbook(rows)).entries
    assert [e.birth for e in entries] == ["2013-05-06", "2014-07-01"]
    assert all("999999" not in repr(e) for e in entries)


def test_a_taught_title_is_remembered_for_its_sender(understand_bytes: Understand) -> None:
    rows = [["姓名", "甲", "乙"], ["王大山", "书包", "是"], ["李小河", "足球", "是"]]
    taught = SenderMemory(roles={"乙": "consent", "甲": "wish"})
    assert [e.reasons for e in understand_bytes(workbook(rows)).entries] == [["no_consent"], ["no_consent"]]
    assert [e.reasons for e in understand_bytes(workbook(rows), memory=taught).entries] == [[], []]


def test_a_taught_place_is_remembered_for_its_sender(understand_bytes: Understand) -> None:
    head = ["姓名", "学校", "住址", "心愿", "家长同意"]
    rows = [
        ["青禾市微心愿"],
        head,
        ["王大山", "", "石桥镇柳树村", "书包", "是"],
        ["李小河", "", "小河边村2组", "足球", "是"],
        ["赵青青", "向阳小学", "", "台灯", "是"],
    ]
    unsure = understand_bytes(workbook(rows)).entries
    assert [(e.status, e.doubts) for e in unsure] == [("parked", ["place_unsure"]), ("accepted", []), ("accepted", [])]
    taught = SenderMemory(
        places={"石桥镇": "459981100", "小河边村": "459902200", "向阳小学": "459901100", "某村": "000000000"}
    )
    entries = understand_bytes(workbook(rows), memory=taught).entries
    assert [(e.status, e.county, e.town, e.village) for e in entries] == [
        ("accepted", "459981", "459981100", "柳树村"),
        ("accepted", "459902", "459902200", "小河边村"),
        ("accepted", "459901", "459901100", None),
    ]
    told = [["青禾市微心愿"], head, ["孙一鸣", "向阳小学", "白沙镇小河边村", "书包", "是"]]
    assert [e.town for e in understand_bytes(workbook(told), memory=taught).entries] == [
        "459901100"
    ]  # the line's own word wins


def test_what_is_not_sure_is_parked_and_counted(understand_bytes: Understand) -> None:
    rows = [
        ["姓名", "心愿", "价格", "监护人同意"],
        ["王大山", "一个哐啷", 80, "是"],
        ["李小河", "水枪", 20, "是"],
        ["赵青青", "书包", 80, "嗯哼"],
        ["钱多宝", "书包", "大张一张", "是"],
    ]
    reading = understand_bytes(workbook(rows))
    assert [e.doubts for e in reading.entries] == [
        ["item_unknown"],
        ["item_unsure"],
        ["consent_unreadable"],
        ["price_unreadable"],
    ]
    assert reading.counts() == {"read": 4, "accepted": 0, "rejected": 0, "parked": 4, "duplicates": 0}


def test_a_table_lying_on_its_side_is_read(understand_bytes: Understand) -> None:
    rows = [
        ["瑶寨乡微心愿"],
        ["姓名", "王大山", "李小河", "赵青青"],
        ["性别", "男", "女", "女"],
        ["出生年月", "2013年5月", "2014年7月", "2012年1月"],
        ["联系电话", "19900001111", "19900001112", "16600001113"],
        ["微心愿", "书包", "水彩笔、画本", "足球"],
        ["价格", 80, "30、15", 70],
        ["监护人同意", "是", "是", "否"],
    ]
    reading = understand_bytes(workbook(rows))
    assert [told(e, "cell", "part", "child", "item", "price_high", "birth", "status") for e in reading.entries] == [
        ("B6", 1, "王大山", "书包", 8000, "2013-05", "accepted"),
        ("C6", 1, "李小河", "水彩笔", 3000, "2014-07", "accepted"),
        ("C6", 2, "李小河", "素描本", 1500, "2014-07", "accepted"),
        ("D6", 1, "赵青青", "足球", 7000, "2012-01", "rejected"),
    ]
    assert [f.fate for f in reading.fates] == ["title", *["header"] * 4, "wish", "header", "header"]


def test_a_bare_number_behind_a_wish_is_its_price_unless_it_is_a_size(understand_bytes: Understand) -> None:
    rows = [
        ["姓名", "心愿及价格", "家长同意"],
        ["王大山", "书包 80", "是"],
        ["李小河", "运动鞋 38", "是"],
        ["赵青青", "水彩笔 36", "是"],
        ["钱多宝", "台灯：120", "是"],
    ]
    got = [told(e, "price_high", "size") for e in understand_bytes(workbook(rows)).entries]
    assert got == [(8000, None), (None, 38), (None, None), (12000, None)]


def test_a_child_called_like_an_example_is_still_a_child(understand_bytes: Understand) -> None:
    rows = [
        ["姓名", "联系电话", "心愿", "家长同意"],
        ["小明", "138****0000", "书包", "是"],
        ["李明", "19900001111", "足球", "是"],
        ["王五一", "19900001112", "台灯", "是"],
    ]
    assert [e.child for e in understand_bytes(workbook(rows)).entries] == ["李明", "王五一"]


def test_the_kind_of_disability_is_a_kind_of_need(understand_bytes: Understand) -> None:
    rows = [
        ["姓名", "残疾类别", "心愿", "家长同意"],
        ["王大山", "肢体", "轮椅", "是"],
        ["李小河", "听力二级", "助听器电池", "是"],
    ]
    assert [e.types for e in understand_bytes(workbook(rows)).entries] == [("disabled",), ("disabled",)]


def test_consent_written_on_one_sheet_does_not_reach_another(understand_bytes: Understand) -> None:
    head = ["姓名", "性别", "心愿"]
    rows = [["以上儿童监护人均已书面同意，同意书由学校留存。"], head, ["王大山", "男", "书包"]]
    other = [head, ["李小河", "女", "足球"]]
    reading = understand_bytes(workbook(rows, more=[("初中部", other, "visible")]))
    assert [e.consent for e in reading.entries] == ["batch", "no"]
    note = [["填表说明"], ["以上儿童监护人均已书面同意，同意书由学校留存。"]]
    whole = understand_bytes(
        workbook([head, ["王大山", "男", "书包"]], more=[("初中部", other, "visible"), ("说明", note, "visible")])
    )
    assert [e.consent for e in whole.entries] == ["batch", "batch"]


def test_what_leaves_a_choice_waits_for_a_person(understand_bytes: Understand) -> None:
    reading = understand_bytes(
        workbook(
            [
                ["姓名", "性别", "地址", "心愿", "价格", "监护人是否同意"],
                ["王大山", "男", "西岭县石桥镇柳树村", "足球或者篮球", 80, "同意"],
                ["李小河", "女", "西岭县石桥镇柳树村", "书包", "¥1,20", "同意"],
                ["赵青青", "女", "西岭县石桥镇柳树村", "台灯", "80,100", "同意"],
            ]
        )
    )
    assert [(e.status, e.doubts) for e in reading.entries] == [
        ("parked", ["item_either"]),
        ("parked", ["price_unreadable"]),
        ("accepted", []),
    ]
    assert reading.entries[1].price_high is None
