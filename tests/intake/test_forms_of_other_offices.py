"""Layouts of offices, schools and chats in another province."""

from __future__ import annotations

from typing import Any

from tests.intake.workbooks import Understand, workbook
from wishes.intake.understanding import Entry


def told(entry: Entry, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(entry, n) for n in names)


def test_the_line_that_counts_the_columns_and_the_one_that_explains_them_are_no_children(
    understand_bytes: Understand,
) -> None:
    header = ["序号", "姓名", "性别", "监护人", "心愿", "价格", "家长签字"]
    child = [1, "王大山", "男", "王强", "书包", 80, "已签"]
    for below in (
        ["栏次", "1", "2", "3", "4", "5", "6"],
        ["（自动）", "（必填）", "（男/女）", "（必填）", "（限一个）", "（元）", "（本人签）"],
    ):
        reading = understand_bytes(workbook([header, below, child, ["镇领导（签字）：", "", "", "", "经办人："]]))
        assert [told(e, "child", "item", "price_high", "status") for e in reading.entries] == [
            ("王大山", "书包", 8000, "accepted")
        ]


def test_columns_of_wishes_by_kind_stand_under_one_heading(understand_bytes: Understand) -> None:
    rows = [
        ["序号", "姓名", "性别", "家长", "心愿（填在对应栏）", "", "", "家长同意"],
        ["", "", "", "", "学习用品", "体育用品", "其他", ""],
        [1, "王大山", "男", "王强", "书包", "", "", "是"],
        [2, "李小河", "女", "李刚", "", "足球", "看电影", "是"],
    ]
    entries = understand_bytes(workbook(rows, merge=["A1:A2", "B1:B2", "C1:C2", "D1:D2", "E1:G1", "H1:H2"])).entries
    assert [told(e, "cell", "child", "item", "status") for e in entries] == [
        ("E3", "王大山", "书包", "accepted"),
        ("F4", "李小河", "足球", "accepted"),
        ("G4", "李小河", "看电影", "accepted"),
    ]


def test_on_a_form_the_guardians_name_stands_under_the_guardians_heading(understand_bytes: Understand) -> None:
    def form(wish: str, agreed: str) -> list[list[Any]]:
        return [
            ["困境儿童“微心愿”申请表"],
            ["儿童信息", "姓名", "王大山", "性别", "男", "照片"],
            ["", "出生年月", "2013/5/6", "民族", "苗族"],
            ["", "家庭住址", "西岭县石桥镇柳树村", "", ""],
            ["", "儿童类别", "留守儿童", "就读学校", "石桥镇小学"],
            ["监护人", "姓名", "王强", "联系电话", "19900001111"],
            ["微心愿", wish],
            ["所需资金", "150元"],
            ["监护人意见", agreed],
            ["村委会意见", "情况属实（盖章）"],
        ]

    merge = ["A2:A5", "F2:F5", "C4:E4", "B7:F7", "B8:F8", "B9:F9", "B10:F10"]
    for wish, agreed, reasons in (
        ("书包", "同意 签名：王强", []),
        ("书包", "不同意", ["no_consent"]),
        ("柴刀", "同意", ["unsafe_item"]),
        ("", "同意", ["missing_wish"]),
    ):
        entries = understand_bytes(workbook(form(wish, agreed), merge=merge)).entries
        assert [told(e, "cell", "child", "guardian", "phone", "types", "reasons") for e in entries] == [
            ("B7", "王大山", "王强", ("19900001111",), ("left_behind",), reasons)
        ]


def test_a_card_without_a_wish_does_not_halt_the_file(understand_bytes: Understand) -> None:
    rows = [
        ["姓名", "王大山", "电话", "19900001111"],
        ["心愿", "书包", "家长同意", "同意"],
        [],
        ["姓名", "李小河", "电话", "19900001112"],
        ["性别", "女", "家长同意", "同意"],
    ]
    assert [told(e, "child", "status", "reasons") for e in understand_bytes(workbook(rows)).entries] == [
        ("王大山", "accepted", []),
        ("李小河", "rejected", ["missing_wish"]),
    ]


def test_names_and_numbers_of_claimers_and_teachers_are_not_the_childs(understand_bytes: Understand) -> None:
    rows = [
        ["编号", "儿童信息", "", "", "心愿", "认领信息", "", "同意书"],
        ["", "姓名", "监护人", "电话", "", "姓名", "电话", ""],
        [1, "王大山", "王强", "19900001111", "书包", "周好人", "16600009991", "有"],
        [2, "李小河", "李刚", "19900001112", "足球", "", "", "有"],
    ]
    entries = understand_bytes(workbook(rows, merge=["A1:A2", "B1:D1", "E1:E2", "F1:G1", "H1:H2"])).entries
    assert [told(e, "child", "guardian", "phone", "status") for e in entries] == [
        ("王大山", "王强", ("19900001111",), "accepted"),
        ("李小河", "李刚", ("19900001112",), "accepted"),
    ]
    for other in ("认领人", "班主任", "填报人"):
        plain = [
            ["姓名", "监护人", "电话", "心愿", "家长同意", other, "联系电话"],
            ["王大山", "王强", "19900001111", "书包", "是", "周好人", "16600009991"],
            ["李小河", "李刚", "19900001112", "足球", "是", "周好人", "16600009991"],
        ]
        assert [e.phone for e in understand_bytes(workbook(plain)).entries] == [("19900001111",), ("19900001112",)]


def test_a_remark_that_gives_up_is_no_consent(understand_bytes: Understand) -> None:
    for remark, consent in (("监护人已签同意书", "yes"), ("家长同意放弃", "no")):
        rows = [
            ["姓名", "心愿", "价格", "备注"],
            *([name, "书包", 80, remark] for name in ("王大山", "李小河", "赵青青")),
        ]
        assert [e.consent for e in understand_bytes(workbook(rows)).entries] == [consent] * 3


def test_a_questionnaire_may_put_colons_behind_its_titles(understand_bytes: Understand) -> None:
    rows = [
        [
            "序号",
            "来自IP",
            "1、孩子的姓名：",
            "2、孩子的性别：",
            "3、家庭住址：",
            "4、监护人的姓名：",
            "5、监护人的电话：",
            "6、是否低保户",
            "7、是否残疾",
            "8、孩子最想要的一样东西是：",
            "9、您是否同意将以上信息用于本次活动？",
        ],
        [1, "1.1.1.1", "王大山", "男", "石桥镇柳树村", "王强", "19900001111", "是", "否", "书包", "同意"],
        [2, "1.1.1.2", "李小河", "女", "石桥镇柳树村", "李刚", "19900001112", "否", "是", "足球", "不同意"],
    ]
    entries = understand_bytes(workbook(rows), "西岭县.xlsx").entries
    assert [told(e, "child", "guardian", "phone", "types", "item", "reasons") for e in entries] == [
        ("王大山", "王强", ("19900001111",), ("poor",), "书包", []),
        ("李小河", "李刚", ("19900001112",), ("disabled",), "足球", ["no_consent"]),
    ]


def test_sentences_of_a_chat_tell_the_child_the_wish_and_the_number(understand_bytes: Understand) -> None:
    rows = [
        ["石桥镇柳树村接龙，家长已签同意书，班主任保存"],
        ["1、王大山家长：王大山（男）想要书包，19900001111"],
        ["2. 李小河，女，9岁，想要足球，家长李刚，电话19900001112"],
        ["3. 赵青青 女 8岁 台灯 赵强19900001113"],
        ["（4）钱多宝，男，10岁，河口村人，监护人：钱贵，电话：16600001114，心愿：跳绳，价格20元"],
    ]
    entries = understand_bytes(workbook(rows), "西岭县.xlsx").entries
    assert [told(e, "child", "gender", "guardian", "phone", "item", "status") for e in entries] == [
        ("王大山", "M", None, ("19900001111",), "书包", "accepted"),
        ("李小河", "F", "李刚", ("19900001112",), "足球", "accepted"),
        ("赵青青", "F", "赵强", ("19900001113",), "台灯", "accepted"),
        ("钱多宝", "M", "钱贵", ("16600001114",), "跳绳", "accepted"),
    ]
    assert told(entries[3], "village", "price_high") == ("河口村", 2000)
    text = "\r\n".join(str(row[0]) for row in rows)
    saved = understand_bytes(text.encode("gb18030"), "接龙.csv").entries
    assert [told(e, "cell", "child", "item", "phone") for e in saved] == [
        told(e, "cell", "child", "item", "phone") for e in entries
    ]


def test_tables_and_sheets_named_after_a_village_are_of_that_village(understand_bytes: Understand) -> None:
    header = ["姓名", "心愿", "单价", "签字"]
    rows = [
        ["石桥镇柳树村"],
        header,
        ["王大山", "书包", 80, "已签"],
        ["石桥镇河口村"],
        ["心愿", "姓名", "电话", "签字"],
        ["足球", "李小河", "19900001112", "已签"],
    ]
    more = [("上湾村", [header, ["赵青青", "台灯", 60, "已签"]], "visible")]
    entries = understand_bytes(workbook(rows, more=more), "西岭县.xlsx").entries
    assert [told(e, "child", "item", "village") for e in entries] == [
        ("王大山", "书包", "柳树村"),
        ("李小河", "足球", "河口村"),
        ("赵青青", "台灯", "上湾村"),
    ]


def test_sub_totals_under_a_villages_name_are_no_children(understand_bytes: Understand) -> None:
    rows = [
        ["村（社区）", "姓名", "心愿", "数量", "单价", "小计", "是否签订承诺书"],
        ["柳树村小计", "1人"],
        ["柳树村", "王大山", "笔记本", 3, 20, 60, "是"],
        ["河口村小计", "1人"],
        ["河口村", "李小河", "足球", 1, 60, 60, "是"],
    ]
    assert [told(e, "child", "village", "qty", "price_high") for e in understand_bytes(workbook(rows)).entries] == [
        ("王大山", "柳树村", 3, 6000),
        ("李小河", "河口村", 1, 6000),
    ]


def test_whose_wish_it_is_waits_for_a_person_where_a_line_names_two_children(understand_bytes: Understand) -> None:
    rows = [
        ["监护人", "电话", "孩子1姓名", "孩子1心愿", "孩子2姓名", "孩子2心愿", "同意"],
        ["王强", "19900001111", "王大山", "书包", "王小山", "足球", "是"],
        ["李刚", "19900001112", "李小河", "台灯", "", "", "是"],
    ]
    assert [told(e, "cell", "item", "status") for e in understand_bytes(workbook(rows)).entries] == [
        ("D2", "书包", "accepted"),
        ("F2", "足球", "parked"),
        ("D3", "台灯", "accepted"),
    ]


def test_a_tick_below_a_thing_wishes_for_it(understand_bytes: Understand) -> None:
    rows = [
        ["序号", "姓名", "性别", "心愿（打√）", "", "", "同意"],
        ["", "", "", "书包", "棉衣", "其他", ""],
        [1, "王大山", "男", "√", "", "", "是"],
        [2, "李小河", "女", "", "√", "足球", "是"],
    ]
    entries = understand_bytes(workbook(rows, merge=["A1:A2", "B1:B2", "C1:C2", "D1:F1", "G1:G2"])).entries
    assert [told(e, "cell", "item", "status") for e in entries] == [
        ("D3", "书包", "accepted"),
        ("E4", "棉衣", "accepted"),
        ("F4", "足球", "accepted"),
    ]


def test_the_day_or_number_of_the_consent_form_is_no_birth_and_no_record(understand_bytes: Understand) -> None:
    for title, filled in (("监护人签字日期", "2024-04-03"), ("监护人同意书编号", "TY2024-003")):
        rows = [
            ["姓名", "困境类型", "心愿", "价格", title],
            ["王大山", "低保", "书包", 80, filled],
            ["李小河", "低保", "足球", 60, filled],
            ["赵青青", "低保", "台灯", 60, ""],
        ]
        assert [told(e, "birth", "recno", "consent", "status") for e in understand_bytes(workbook(rows)).entries] == [
            (None, None, "yes", "accepted"),
            (None, None, "yes", "accepted"),
            (None, None, "no", "rejected"),
        ]


def test_names_that_no_list_of_surnames_knows_stand_under_their_title(understand_bytes: Understand) -> None:
    names = ["克其依布", "日火小龙", "麦吉古夫", "热柯阿支", "铁足拉者"]
    rows = [["姓名", "心愿", "价格", "同意"], *([name, "书包", 80, "是"] for name in names)]
    assert [told(e, "child", "status") for e in understand_bytes(workbook(rows)).entries] == [
        (name, "accepted") for name in names
    ]
    plain = ["王大山", "李小河", "赵青青", "钱多宝"]
    numbered = [["姓名", "心愿", "同意"], *([f"{n}.{x}（三年级）", "书包", "是"] for n, x in enumerate(plain, 1))]
    assert [e.child for e in understand_bytes(workbook(numbered)).entries] == plain
    both = [["姓名/性别/年龄", "心愿", "同意"], *([f"{x}/男/9岁", "书包", "是"] for x in plain)]
    assert [told(e, "child", "gender", "age") for e in understand_bytes(workbook(both)).entries] == [
        (x, "M", 9) for x in plain
    ]
