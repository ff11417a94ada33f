"""More senders nobody has seen: what their habits taught, each as a workbook that was read wrongly or not at all before."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import openpyxl
import pytest
from openpyxl.chart import BarChart, Reference

from tests.intake.workbooks import Understand, workbook
from wishes.intake.understanding import Entry


def told(entry: Entry, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(entry, n) for n in names)


def test_a_header_in_row_seven_in_traditional_characters_is_read(understand_bytes: Understand) -> None:
    rows = [
        ["青禾市西嶺縣石橋鎮2024年微心願徵集表"],
        ["填表日期：2024年9月"],
        [],
        ["說明：請如實填寫"],
        [],
        ["聯絡人：周老師 19900009999"],
        ["編號", "姓名", "性別", "出生年月", "監護人", "聯絡電話", "住址", "類別", "微心願", "價格", "監護人同意"],
        [
            1,
            "王大山",
            "男",
            "2013年5月",
            "王強（父親）",
            "199 0000 1111",
            "石橋鎮柳樹村",
            "低保",
            "書包",
            "約120元",
            "是",
        ],
        [
            2,
            "劉小河",
            "女",
            "2014.7",
            "劉剛",
            "19900001112",
            "石橋鎮河口村3組",
            "留守兒童",
            "彩色鉛筆和圖畫本",
            "兩百",
            "是",
        ],
        [
            3,
            "趙青青",
            "女",
            "農曆2012年三月",
            "趙亮",
            "16600001113",
            "龍潭鎮上灣村",
            "孤兒",
            "羽絨服 身高150",
            "不超過300元",
            "口頭同意",
        ],
        [4, "錢多寶", "男", "2011/11/11", "錢貴", "16600001114", "石橋鎮", "殘疾", "玩具槍", "50", "是"],
    ]
    entries = understand_bytes(workbook(rows)).entries
    assert [told(e, "child", "item", "birth", "town", "types", "price_high", "reasons") for e in entries] == [
        ("王大山", "书包", "2013-05", "459902100", ("poor",), 12000, []),
        ("劉小河", "彩铅", "2014-07", "459902100", ("left_behind",), None, []),
        ("劉小河", "素描本", "2014-07", "459902100", ("left_behind",), None, []),
        ("趙青青", "羽绒服", "2012", "459902101", ("orphan",), 30000, ["no_consent"]),
        ("錢多寶", "玩具枪", "2011-11-11", "459902100", ("disabled",), 5000, ["unsafe_item"]),
    ]
    assert told(entries[0], "guardian", "relation", "raw") == ("王強", "父親", "書包")


def test_a_title_that_names_a_kind_of_need_may_stand_over_the_names(understand_bytes: Understand) -> None:
    rows = [
        ["西岭县残联2024年“圆梦”助残微心愿汇总"],
        ["报送单位：西岭县残疾人联合会"],
        [
            "行次",
            "镇街",
            "村居",
            "残疾儿童",
            "性别",
            "残疾类别",
            "等级",
            "家长",
            "家长电话",
            "心愿",
            "拟用资金",
            "家长意见",
        ],
        [1, "石桥镇", "柳树村", "王大山", "男", "肢体", "二级", "王强", "19900001111", "轮椅", "450元", "同意并签字"],
        [2, "龙潭", "上湾村", "李小河", "女", "听力", "一级", "李刚", "19900001112", "助听器电池", "60", "同意并签字"],
        [3, "瑶寨乡", "下寨村", "赵青青", "女", "智力", "三级", "赵亮", "16600001113", "拼图", "≤100", "不同意"],
    ]
    reading = understand_bytes(workbook(rows))
    assert reading.sender_kind == "county"
    assert [told(e, "child", "guardian", "town", "village", "price_high", "status") for e in reading.entries] == [
        ("王大山", "王强", "459902100", "柳树村", 45000, "accepted"),
        ("李小河", "李刚", "459902101", "上湾村", 6000, "accepted"),
        ("赵青青", "赵亮", "459902200", "下寨村", 10000, "rejected"),
    ]


def test_boxes_with_one_character_titles_and_sections_by_class(understand_bytes: Understand) -> None:
    rows = [
        ["石桥镇中心小学心愿"],
        ["班级：三（1）班", "", "", "班主任：周老师"],
        ["学生", "性别", "孤", "困", "残", "留守", "想要的礼物", "价钱", "家长签名"],
        ["王大山", "男", "", "√", "", "√", "书包", "80", "王强"],
        ["李小河", "女", "√", "", "", "", "足球", "60", "李刚"],
        ["三（2）班"],
        ["赵青青", "女", "", "", "√", "", "台灯", "60", ""],
    ]
    entries = understand_bytes(workbook(rows)).entries
    assert [told(e, "child", "types", "village", "consent") for e in entries] == [
        ("王大山", ("poor", "left_behind"), None, "yes"),
        ("李小河", ("orphan",), None, "yes"),
        ("赵青青", ("disabled",), None, "no"),
    ]


def test_english_titles_and_answers_are_understood(understand_bytes: Understand) -> None:
    rows = [
        ["No.", "Child's name", "Gender", "Date of birth", "Mobile phone", "Gift", "Budget", "Parental consent"],
        [1, "王大山", "M", dt.date(2013, 5, 6), "19900001111", "书包", "RMB 80", "Y"],
        [2, "李小河", "F", dt.date(2014, 7, 1), "19900001112", "足球", "60 yuan", "N"],
    ]
    assert [
        told(e, "child", "gender", "birth", "phone", "price_high", "reasons")
        for e in understand_bytes(workbook(rows)).entries
    ] == [
        ("王大山", "M", "2013-05-06", ("19900001111",), 8000, []),
        ("李小河", "F", "2014-07-01", ("19900001112",), 6000, ["no_consent"]),
    ]


def test_the_day_of_signing_is_a_signature(understand_bytes: Understand) -> None:
    rows = [
        ["姓名", "心愿", "监护人签字日期", "监护人签名"],
        ["王大山", "书包", "2024.8.1", "王强"],
        ["李小河", "足球", "", ""],
    ]
    assert [e.consent for e in understand_bytes(workbook(rows)).entries] == ["yes", "no"]


def test_the_highest_price_of_two_columns_meets_the_ceiling(understand_bytes: Understand) -> None:
    rows = [
        ["姓名", "心愿", "最低价", "最高价", "家长同意"],
        ["王大山", "书包", 80, 120, "是"],
        ["李小河", "足球", 60, 600, "是"],
        ["赵青青", "台灯", None, 90, "是"],
    ]
    assert [told(e, "price_low", "price_high", "reasons") for e in understand_bytes(workbook(rows)).entries] == [
        (8000, 12000, []),
        (6000, 60000, ["over_ceiling"]),
        (None, 9000, []),
    ]


def test_the_price_of_all_pieces_counts_not_that_of_one(understand_bytes: Understand) -> None:
    rows = [
        ["姓名", "心愿", "数量", "单位", "规格", "单价", "总价", "家长同意"],
        ["王大山", "笔记本", 5, "本", "A5", 6, 30, "是"],
        ["李小河", "运动鞋", 1, "双", "37码", 150, 150, "是"],
    ]
    assert [told(e, "qty", "price_high", "size") for e in understand_bytes(workbook(rows)).entries] == [
        (5, 3000, None),
        (1, 15000, 37),
    ]


def test_shoes_take_the_shoe_number_and_clothes_the_height(understand_bytes: Understand) -> None:
    rows = [
        ["姓名", "身高", "鞋码", "心愿", "价格", "家长同意"],
        ["王大山", "150cm", "36", "运动鞋", "100", "是"],
        ["李小河", "1.45米", "35", "羽绒服", "200", "是"],
        ["赵青青", 140, 34, "书包", "80", "是"],
        ["钱多宝", "148", "22.5cm", "棉鞋", "80", "是"],
        ["孙一鸣", "150", "37", "运动鞋、羽绒服", "80、90", "是"],
    ]
    assert [told(e, "item", "size_kind", "size") for e in understand_bytes(workbook(rows)).entries] == [
        ("运动鞋", "shoe", 36),
        ("羽绒服", "height", 145),
        ("书包", None, None),
        ("棉鞋", "shoe", 35),
        ("运动鞋", "shoe", 37),
        ("羽绒服", "height", 150),
    ]
    only = [["姓名", "身高", "心愿", "家长同意"], ["王大山", "150", "运动鞋", "是"]]
    assert [e.size for e in understand_bytes(workbook(only)).entries] == [None]


def test_what_is_called_off_in_name_wish_or_remark_is_withdrawn(understand_bytes: Understand) -> None:
    rows = [
        ["姓名", "心愿", "价格", "家长同意", "备注"],
        ["王大山", "书包", "80", "是", "已搬走，撤销"],
        ["李小河", "足球", "60", "是", "不要取消"],
        ["赵青青（作废）", "台灯", "60", "是", ""],
        ["钱多宝", "跳绳（作废）", "60", "是", ""],
        ["孙一鸣", "书包、跳绳（不要了）", "60、10", "是", ""],
        ["周小文", "红色书包（不要粉色）", "60", "是", ""],
        ["吴思远", "作废", "", "是", ""],
    ]
    assert [told(e, "child", "raw", "status") for e in understand_bytes(workbook(rows)).entries] == [
        ("王大山", "书包", "rejected"),
        ("李小河", "足球", "accepted"),
        ("赵青青", "台灯", "rejected"),
        ("钱多宝", "跳绳(作废)", "rejected"),
        ("孙一鸣", "书包", "accepted"),
        ("孙一鸣", "跳绳(不要了)", "rejected"),
        ("周小文", "红色书包(不要粉色)", "accepted"),
        ("吴思远", "作废", "rejected"),
    ]


def test_addresses_shortened_or_of_before_a_town_was_renamed(understand_bytes: Understand) -> None:
    rows = [
        ["姓名", "家庭住址", "心愿", "家长同意"],
        ["王大山", "青禾东禾白沙东村", "书包", "是"],
        ["李小河", "青禾市西岭县石桥乡柳树村", "足球", "是"],
        ["赵青青", "外省（安徽省）", "足球", "是"],
        ["钱多宝", "杭州市西湖区", "足球", "是"],
        ["孙一鸣", "南浦石桥镇港村", "足球", "是"],
        ["周小文", "西岭村", "足球", "是"],
    ]
    assert [told(e, "town", "village", "reasons") for e in understand_bytes(workbook(rows)).entries] == [
        ("459901100", "东村", []),
        ("459902100", "柳树村", []),
        (None, None, ["out_of_area"]),
        (None, None, ["out_of_area"]),
        ("459981100", "港村", []),
        (None, "西岭村", []),
    ]


def test_a_column_of_units_tells_the_township_of_a_line(understand_bytes: Understand) -> None:
    rows = [
        ["单位", "姓名", "心愿", "价格", "家长同意"],
        ["云溪街道", "王大山", "书包", 80, "是"],
        ["临江镇", "李小河", "足球", 60, "是"],
        ["白沙镇", "赵青青", "台灯", 60, "是"],
    ]
    assert [e.town for e in understand_bytes(workbook(rows), "汇总.xlsx").entries] == [
        "459901002",
        "459981101",
        "459901100",
    ]


def test_tables_below_each_other_have_their_own_columns(understand_bytes: Understand) -> None:
    rows = [
        ["一、物质类心愿"],
        ["姓名", "性别", "心愿物品", "价格", "家长同意"],
        ["王大山", "男", "书包", 80, "是"],
        ["李小河", "女", "足球", 60, "是"],
        [],
        ["二、陪伴类心愿"],
        ["姓名", "性别", "陪伴内容", "家长同意", "备注"],
        ["赵青青", "女", "陪我看电影", "是", ""],
        ["钱多宝", "男", "心理辅导", "否", ""],
    ]
    assert [told(e, "cell", "child", "need", "status") for e in understand_bytes(workbook(rows)).entries] == [
        ("C3", "王大山", "none", "accepted"),
        ("C4", "李小河", "none", "accepted"),
        ("C8", "赵青青", "vetted", "accepted"),
        ("C9", "钱多宝", "psych", "rejected"),
    ]


def test_a_child_with_two_lines_is_one_child_on_each(understand_bytes: Understand) -> None:
    rows = [
        ["序号", "姓名", "性别", "监护人", "心愿", "价格", "同意"],
        [1, "王大山", "男", "王强", "书包", 80, "是"],
        [None, None, None, None, "文具盒", 20, None],
        [2, "李小河", "女", "李刚", "足球", 60, "是"],
        [3, "李小溪", "女", None, "足球", 60, "是"],
    ]
    entries = understand_bytes(workbook(rows, merge=["A2:A3", "B2:B3", "C2:C3", "D2:D3", "G2:G3", "D4:D5"])).entries
    assert [told(e, "child", "guardian", "item", "price_high", "consent") for e in entries] == [
        ("王大山", "王强", "书包", 8000, "yes"),
        ("王大山", "王强", "文具盒", 2000, "yes"),
        ("李小河", "李刚", "足球", 6000, "yes"),
        ("李小溪", "李刚", "足球", 6000, "yes"),
    ]


def test_a_cut_cell_may_list_in_every_usual_way(understand_bytes: Understand) -> None:
    cells = {
        "1、书包 2、文具盒 3.足球": 3,
        "书包；台灯": 2,
        "书包以及台灯": 2,
        "①跳绳②毽子": 2,
        "想要一双运动鞋，38码，还想要一个篮球": 2,
        "图书《西游记》、《三国演义》各一本": 2,
        "一套文具（铅笔、橡皮、尺子）": 1,
        "衣服 裤子": 2,
        "书包/文具": 2,
        "想要一辆自行车（20寸），因为上学路远": 1,
        "书包、无": 1,
        "乐高积木&拼图": 2,
        "运动套装（上衣150，裤子150）": 1,
        "一个书包\n一个水壶": 2,
        "书包\n文具套装（笔、橡皮、尺子）": 2,
        "書包與檯燈": 2,
    }
    rows = [["姓名", "心愿", "家长同意"], *[["王大山", text, "是"] for text in cells]]
    entries = understand_bytes(workbook(rows)).entries
    assert [sum(e.row == at for e in entries) for at in range(1, len(rows))] == list(cells.values())


@pytest.mark.parametrize(
    "text, low, high",
    [
        ("2～3百", 200, 300),
        ("3、4百", 300, 400),
        ("两三百", 200, 300),
        ("130块5", 130.5, 130.5),
        ("300元以内（含）", None, 300),
        ("200元左右（含运费）", 200, 200),
        ("最高不超过200", None, 200),
        ("100至200元之间", 100, 200),
        ("50-100元不等", 50, 100),
        ("200-", 200, 200),
        ("兩百塊", 200, 200),
        ("1百05", 105, 105),
        ("200元（贰佰元整）", 200, 200),
        ("300元上下浮动", 300, 300),
    ],
)
def test_a_price_somebody_wrote_is_read(
    understand_bytes: Understand, text: str, low: float | None, high: float
) -> None:
    [entry] = understand_bytes(workbook([["姓名", "心愿", "价格", "家长同意"], ["王大山", "书包", text, "是"]])).entries
    assert told(entry, "price_low", "price_high", "status") == (
        None if low is None else round(low * 100),
        round(high * 100),
        "accepted",
    )


@pytest.mark.parametrize(
    "text, birth",
    [
        ("2012年元月", "2012-01"),
        ("2012年十月", "2012-10"),
        ("二〇一二", "2012"),
        ("120315", "2012-03-15"),
        ("41000.5", "2012-04-01"),
        ("21.12.1", "2021-12-01"),
        ("二〇一二年三月初五（农历）", "2012"),
        ("2012-03-1S", "2012-03"),
    ],
)
def test_a_birth_somebody_wrote_is_read(understand_bytes: Understand, text: str, birth: str) -> None:
    [entry] = understand_bytes(
        workbook([["姓名", "出生年月", "心愿", "家长同意"], ["王大山", text, "书包", "是"]])
    ).entries
    assert entry.birth == birth


def test_a_chart_on_a_sheet_of_its_own_shifts_no_other_sheet(understand_bytes: Understand) -> None:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    for row in (["姓名", "心愿", "家长同意"], ["王大山", "书包", "是"]):
        first.append(row)
    chart = BarChart()
    chart.add_data(Reference(first, min_col=1, min_row=1, max_row=2))
    book.create_chartsheet("图", 0).add_chart(chart)
    second = book.create_sheet("二")
    for row in (["姓名", "心愿", "家长同意"], ["李小河", "足球", "是"]):
        second.append(row)
    out = io.BytesIO()
    book.save(out)
    assert [told(e, "sheet", "child") for e in understand_bytes(out.getvalue()).entries] == [
        ("Sheet", "王大山"),
        ("二", "李小河"),
    ]


def test_a_header_of_many_titles_nobody_knows_is_still_a_header(understand_bytes: Understand) -> None:
    strangers = [f"其他{number}" for number in range(49)]
    header = ["序号", "姓名", "性别", "出生日期", "联系电话", "微心愿", "价格", "监护人是否同意", *strangers]
    for filled in (True, False):
        extra = [f"内容{number}" if number % 3 else number for number in range(49)] if filled else [None] * 49
        lines = [
            [1, "王大山", "男", "2012-03-01", "19900000001", "书包", 80, "同意", *extra],
            [2, "李小河", "女", "2013-05-02", "19900000002", "足球", 60, "", *extra],
        ]
        entries = understand_bytes(workbook([["微心愿征集表"], header, *lines])).entries
        assert [told(e, "child", "price_high", "consent", "reasons") for e in entries] == [
            ("王大山", 8000, "yes", []),
            ("李小河", 6000, "no", ["no_consent"]),
        ]


def test_the_price_of_one_piece_is_multiplied_where_the_table_counts_pieces(understand_bytes: Understand) -> None:
    header = ["姓名", "心愿", "数量", "单价", "家长同意"]
    lines = [["王大山", "笔记本", 5, 6, "是"], ["李小河", "足球", 1, 150, "是"], ["赵青青", "跳绳", 4, "100-160", "是"]]
    entries = understand_bytes(workbook([header, *lines])).entries
    assert [told(e, "price_low", "price_high", "reasons") for e in entries] == [
        (3000, 3000, []),
        (15000, 15000, []),
        (40000, 64000, ["over_ceiling"]),
    ]
    plain = understand_bytes(workbook([["姓名", "心愿", "数量", "价格", "家长同意"], lines[0]])).entries
    assert [e.price_high for e in plain] == [600]


def test_a_unit_of_which_there_are_two_parks_its_lines(understand_bytes: Understand) -> None:
    rows = [
        ["单位", "姓名", "心愿", "家长同意"],
        ["石桥镇", "王大山", "书包", "是"],
        ["白沙镇", "李小河", "足球", "是"],
    ]
    entries = understand_bytes(workbook(rows), "汇总.xlsx").entries
    assert [told(e, "status", "doubts", "town") for e in entries] == [
        ("parked", ["place_unsure"], None),
        ("accepted", [], "459901100"),
    ]


def test_a_visit_that_is_no_date_says_so(understand_bytes: Understand) -> None:
    rows = [
        ["姓名", "心愿", "走访时间", "家长同意"],
        ["王大山", "书包", "春节前", "是"],
        ["李小河", "足球", "待定", "是"],
        ["赵青青", "台灯", "3月5日", "是"],
    ]
    entries = understand_bytes(workbook(rows)).entries
    assert [(e.visit is None, "visit" in e.traces) for e in entries] == [(True, True), (True, False), (False, False)]
