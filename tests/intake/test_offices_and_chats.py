"""Senders of other offices: civil affairs, a class, a social-work station, questionnaires and a list pasted from a chat."""

from __future__ import annotations

from typing import Any

import pytest

from tests.intake.workbooks import Understand, workbook
from wishes.intake.understanding import Entry


def told(entry: Entry, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(entry, n) for n in names)


def test_the_book_of_a_civil_affairs_office_is_read_with_its_dates_in_words(understand_bytes: Understand) -> None:
    rows = [
        ["西岭县民政局困境儿童关爱服务台账（微心愿部分）"],
        ["制表单位：西岭县未成年人救助保护中心", "", "统计截止：二〇二四年八月三十一日"],
        [
            "序号",
            "乡镇(街道)",
            "村(居)委会",
            "困境儿童姓名",
            "性别",
            "出生年月日",
            "困境儿童分类",
            "保障编码",
            "实际照料人",
            "与儿童关系",
            "照料人联系方式",
            "本人微心愿",
            "预估费用(元)",
            "是否签订知情同意书",
            "入户走访日期",
        ],
        [
            1,
            "石桥镇",
            "柳树村村委会",
            "王大山",
            "男",
            "二〇一三年六月一日",
            "事实无人抚养儿童",
            "SQ-2023-0012",
            "王强",
            "祖父",
            "0471-1234567/19900001111",
            "一台护眼灯",
            "80-120",
            "√",
            "2024.8.12",
        ],
        [
            2,
            "石桥镇",
            "河口村村委会",
            "李小河",
            "女",
            "二〇一四年十二月",
            "重病儿童",
            "SQ20230013",
            "李刚",
            "父亲",
            "199 0000 1112",
            "想要一个新书包（粉色的）",
            "百元以内",
            "√",
            "8月13日",
        ],
        [
            3,
            "龙潭镇",
            "上湾村村委会",
            "赵青青",
            "女",
            "二0一五年三月九日",
            "孤儿",
            "SQ-2023-0014",
            "赵亮",
            "叔叔",
            "16600001113",
            "羽绒服1件（身高130）",
            "约 50",
            "未签",
            "八月十四日",
        ],
        [
            4,
            "瑶寨乡",
            "下寨村村委会",
            "孙一鸣",
            "男",
            "一三年七月",
            "低保家庭重残儿童",
            "SQ-2023-0016",
            "孙福",
            "爷爷",
            "16600001115",
            "轮椅",
            "百把块",
            "√",
            45518,
        ],
        ["合计", "", "", "4人", "", "", "", "", "", "", "", "4个"],
        ["注：困境儿童分类按国发〔2016〕36号文件执行。"],
    ]
    reading = understand_bytes(workbook(rows, merge=["A1:L1"]))
    assert reading.sender_kind == "county"
    assert [
        told(e, "child", "birth", "types", "price_low", "price_high", "visit", "status") for e in reading.entries
    ] == [
        ("王大山", "2013-06-01", ("unattended",), 8000, 12000, "2024-08-12", "accepted"),
        ("李小河", "2014-12", ("other",), None, 10000, "2024-08-13", "accepted"),
        ("赵青青", "2015-03-09", ("orphan",), 5000, 5000, "2024-08-14", "rejected"),
        ("孙一鸣", "2013-07", ("poor", "disabled"), 10000, 10000, "2024-08-14", "accepted"),
    ]
    assert [told(e, "phone", "recno", "town", "item") for e in reading.entries[:2]] == [
        (("19900001111",), "SQ-2023-0012", "459902100", "台灯"),
        (("19900001112",), "SQ20230013", "459902100", "书包"),
    ]


def test_pupils_numbers_are_no_birthdays_and_a_parent_stands_beside_the_number(understand_bytes: Understand) -> None:
    rows = [
        ["临江镇中心小学 四（2）班 “点亮微心愿” 花名册"],
        ["班主任：周敏  电话：19900009999    家长同意书已全部签字收齐，由学校存档"],
        [
            "学号",
            "姓名",
            "性别",
            "家长及电话",
            "我的第一个心愿（100元以下）",
            "我的第二个心愿（100元以下）",
            "我的第三个心愿（备选）",
            "备注",
        ],
        ["20240401", "王大山", "男", "王强19900001111", "篮球", "故事书一套", "", ""],
        ["20240402", "李小河", "女", "李梅（妈妈）19900001112", "水彩笔（36色）", "——", "芭比娃娃", "单亲"],
        ["20240403", "赵青青", "女", "爷爷 16600001113", "想和爸爸妈妈拍一张全家福", "跳绳", "", ""],
        ["20240404", "钱多宝", "男", "钱贵 1660000111", "无", "足球鞋37码", "航模", "转学，不要了"],
        ["全班共36人，申报4人"],
    ]
    entries = understand_bytes(workbook(rows)).entries
    assert [told(e, "cell", "child", "birth", "guardian", "item", "consent", "status") for e in entries] == [
        ("E4", "王大山", None, "王强", "篮球", "batch", "accepted"),
        ("F4", "王大山", None, "王强", "故事书", "batch", "accepted"),
        ("E5", "李小河", None, "李梅", "水彩笔", "batch", "accepted"),
        ("G5", "李小河", None, "李梅", "芭比娃娃", "batch", "accepted"),
        ("E6", "赵青青", None, None, "拍全家福", "batch", "accepted"),
        ("F6", "赵青青", None, None, "跳绳", "batch", "accepted"),
        ("F7", "钱多宝", None, "钱贵", "足球鞋", "batch", "rejected"),
        ("G7", "钱多宝", None, "钱贵", "飞机模型", "batch", "rejected"),
    ]
    assert entries[0].phone == ("19900001111",)
    assert "phone_invalid" in entries[-1].warnings


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig", "gb18030"])
def test_semicolons_part_cells_and_in_quotes_wishes(understand_bytes: Understand, encoding: str) -> None:
    text = (
        "序号;姓名;性别;出生年月;家庭住址;监护人;联系电话;心愿;参考价格;监护人同意\r\n1;王大山;男;2013年5月;石桥镇柳树村3组;王强;19900001111;书包;￥120.00;是\r\n"
        '2;李小河;女;2014-7;石桥镇河口村;李刚;19900001112;"铅笔盒;橡皮";"30;5";是\r\n3;赵青青;女;2010.1;龙潭镇上湾村;赵亮;1.66E+10;台灯;80元/个;\r\n'
    )
    entries = understand_bytes(text.encode(encoding), "导出.csv").entries
    assert [told(e, "cell", "part", "child", "birth", "item", "price_high", "phone", "status") for e in entries] == [
        ("H2", 1, "王大山", "2013-05", "书包", 12000, ("19900001111",), "accepted"),
        ("H3", 1, "李小河", "2014-07", "文具盒", 3000, ("19900001112",), "accepted"),
        ("H3", 2, "李小河", "2014-07", "橡皮", 500, ("19900001112",), "accepted"),
        ("H4", 1, "赵青青", "2010", "台灯", 8000, (), "rejected"),
    ]


def test_a_list_pasted_from_a_chat_is_read_line_by_line(understand_bytes: Understand) -> None:
    rows = [
        ["#接龙"],
        ["石桥镇柳树村儿童微心愿登记，家长都已签同意书，原件村委会留存"],
        ["请按格式：姓名+性别+年龄+心愿+电话"],
        ["1. 王大山 男 11岁 书包 19900001111"],
        ["2. 李小河，女，九岁，水彩笔、画本，19900001112"],
        ["3、赵青青+女+10+羽绒服（身高140）+16600001113"],
        ["4. 钱多宝 男 12 气枪 16600001114 爷爷代填"],
        ["5. 姓名：孙一鸣/性别：男/8岁/遥控汽车/80元/孙福 16600001115"],
        ["以上共5人"],
    ]
    reading = understand_bytes(workbook(rows))
    assert [told(e, "cell", "child", "gender", "age", "item", "phone", "status") for e in reading.entries] == [
        ("A4", "王大山", "M", 11, "书包", ("19900001111",), "accepted"),
        ("A5", "李小河", "F", 9, "水彩笔", ("19900001112",), "accepted"),
        ("A5", "李小河", "F", 9, "素描本", ("19900001112",), "accepted"),
        ("A6", "赵青青", "F", 10, "羽绒服", ("16600001113",), "accepted"),
        ("A7", "钱多宝", "M", 12, "气枪", ("16600001114",), "rejected"),
        ("A8", "孙一鸣", "M", 8, "遥控汽车", ("16600001115",), "accepted"),
    ]
    assert (reading.entries[3].size, reading.entries[5].price_high, reading.entries[5].guardian) == (140, 8000, "孙福")
    assert reading.entries[4].reasons == ["unsafe_item"]
    assert [f.fate for f in reading.fates] == ["title", "title", "title", *["wish"] * 5, "note"]


def test_a_questionnaire_with_a_column_for_each_answer_is_understood(understand_bytes: Understand) -> None:
    kinds = [f"Q4_孩子属于以下哪种情况（多选）:{kind}" for kind in ("孤儿", "留守儿童", "困难家庭", "残疾")]
    rows = [
        [
            "序号",
            "提交时间",
            "Q1_孩子姓名",
            "Q2_孩子性别",
            "Q3_孩子的出生日期",
            *kinds,
            "Q5_家庭住址:省",
            "Q5_家庭住址:市",
            "Q5_家庭住址:区县",
            "Q5_家庭住址:详细地址",
            "Q6_监护人姓名",
            "Q7_监护人手机号",
            "Q8_孩子的微心愿是什么？",
            "Q9_心愿大概多少钱？",
            "Q10_监护人是否同意提交以上信息",
            "填写设备",
            "IP",
        ],
        [
            1,
            "2024-08-20 10:11:12",
            "王大山",
            "男",
            "2013-05-06",
            "0",
            "1",
            "1",
            "0",
            "某省",
            "青禾市",
            "西岭县",
            "石桥镇柳树村",
            "王强",
            "19900001111",
            "书包",
            "100元以内",
            "同意",
            "iPhone",
            "1.2.3.4",
        ],
        [
            2,
            "2024-08-20 10:15:12",
            "李小河",
            "女",
            "2014-07-01",
            "1",
            "0",
            "0",
            "0",
            "某省",
            "青禾市",
            "西岭县",
            "龙潭镇上湾村",
            "李刚",
            "19900001112",
            "一双37码的运动鞋，谢谢",
            "一百五左右",
            "同意",
            "Android",
            "1.2.3.5",
        ],
        [
            3,
            "2024-08-20 11:00:00",
            "赵青青",
            "女",
            "2015-03-09",
            "0",
            "0",
            "0",
            "1",
            "某省",
            "青禾市",
            "南浦市",
            "石桥镇桥头村",
            "赵亮",
            "16600001113",
            "想有人陪我聊聊天",
            "0",
            "不同意",
            "Android",
            "1.2.3.6",
        ],
    ]
    assert [
        told(e, "child", "types", "county", "town", "village", "price_high", "need", "status")
        for e in understand_bytes(workbook(rows)).entries
    ] == [
        ("王大山", ("poor", "left_behind"), "459902", "459902100", "柳树村", 10000, "none", "accepted"),
        ("李小河", ("orphan",), "459902", "459902101", "上湾村", 15000, "none", "accepted"),
        ("赵青青", ("disabled",), "459981", "459981100", "桥头村", 0, "vetted", "rejected"),
    ]


def test_questions_instead_of_titles_are_understood(understand_bytes: Understand) -> None:
    rows = [
        [
            "提交者（自动）",
            "提交时间（自动）",
            "1.孩子叫什么名字？（必填）",
            "2.男孩还是女孩？（必填）",
            "3.今年几岁了？",
            "4.住在哪个乡镇？（必填）",
            "5.在哪所学校读书？",
            "6.想实现的一个小心愿（不超过200元）（必填）",
            "7.大人的联系方式（必填）",
            "8.您是孩子的（单选）",
            "9.本人同意将以上信息用于微心愿活动（必填）",
        ],
        [
            "微信用户A",
            "2024/8/21 9:00",
            "王大山",
            "男孩",
            "11",
            "石桥镇",
            "石桥镇中心小学",
            "滑板车",
            "19900001111",
            "爷爷",
            "我同意",
        ],
        [
            "微信用户B",
            "2024/8/21 9:05",
            "李小河",
            "女孩",
            "九岁半",
            "龙潭镇",
            "龙潭镇中心小学",
            "画画的颜料和画架",
            "19900001112",
            "妈妈",
            "我同意",
        ],
    ]
    assert [
        told(e, "child", "gender", "age", "town", "relation", "item", "price_high", "status")
        for e in understand_bytes(workbook(rows)).entries
    ] == [
        ("王大山", "M", 11, "459902100", "爷爷", "滑板车", None, "accepted"),
        ("李小河", "F", 9, "459902101", "妈妈", "颜料", None, "accepted"),
        ("李小河", "F", 9, "459902101", "妈妈", "画板", None, "accepted"),
    ]


def test_a_guardian_is_never_taken_for_the_child(understand_bytes: Understand) -> None:
    rows = [
        ["南浦市“六一”圆梦行动——困境少年儿童心愿认领表"],
        ["联系社工：吴老师 19900007777"],
        ["分类", "序", "基本情况", "", "", "监护情况", "", "心愿", "", "备 注"],
        ["", "", "姓名/班级", "身份证", "住址", "姓名（关系）", "手机", "物品名称（品牌/型号/颜色）", "估价/元", ""],
        [
            "孤儿",
            1,
            "王大山 三(2)班",
            "999999201305061239",
            "临江镇渡口村5组",
            "王强（爷爷）",
            "199-0000-1111",
            "1.书包\n2.保温杯",
            "90\n45",
            "同意书√",
        ],
        [
            "",
            2,
            "李小河 四(1)班",
            "99999920140701123X",
            "临江镇渡口村",
            "李刚(父)",
            "19900001112、16600009999",
            "自行车（24寸，蓝）",
            "约四百",
            "同意书√",
        ],
        [
            "残疾",
            3,
            "赵青青",
            "999999201503091233",
            "石桥镇桥头村",
            "赵亮/叔",
            "16600001113",
            "《西游记》连环画",
            "50—80元",
            "同意书×",
        ],
        ["", 4, "钱多宝", "999999201209301233", "石桥镇桥头村", "钱贵", "无", "现金500元", "500", "同意书√"],
        ["小计", "", "4人", "", "", "", "", "5件"],
    ]
    merged = ["A1:J1", "A2:J2", "A3:A4", "B3:B4", "C3:E3", "F3:G3", "H3:I3", "J3:J4", "A5:A6", "A7:A8"]
    assert [
        told(e, "child", "guardian", "birth", "types", "item", "price_high", "reasons")
        for e in understand_bytes(workbook(rows, merge=merged)).entries
    ] == [
        ("王大山", "王强", "2013-05-06", ("orphan",), "书包", 9000, []),
        ("王大山", "王强", "2013-05-06", ("orphan",), "水杯", 4500, []),
        ("李小河", "李刚", "2014-07-01", ("orphan",), "自行车", 40000, []),
        ("赵青青", "赵亮", "2015-03-09", ("disabled",), "《西游记》", 8000, ["no_consent"]),
        ("钱多宝", "钱贵", "2012-09-30", ("disabled",), "现金500元", 50000, ["cash_wish"]),
    ]


def test_titles_as_people_speak_are_understood(understand_bytes: Understand) -> None:
    rows = [
        [
            "镇",
            "村",
            "孩子",
            "男/女",
            "几岁",
            "啥情况",
            "爸妈/监护人",
            "号码",
            "想要啥",
            "大概多少钱",
            "签没签同意书",
            "谁去看过（日期）",
        ],
        [
            "白沙镇",
            "东村",
            "王大山",
            "男",
            "八",
            "爸妈在外地打工",
            "奶奶李秀英",
            "19900001111",
            "一双运动鞋（35码左右）",
            "百把块",
            "签了",
            "吴社工8.3",
        ],
        ["〃", "〃", "李小河", "女", "10岁", "低保", "李刚", "19900001112", "画板+颜料", "120", "签了", "8.3"],
        [
            "〃",
            "西村",
            "赵青青",
            "女",
            "9",
            "单亲，残疾（听力二级）",
            "赵亮",
            "1660000111３",
            "助听器电池两板",
            "六十",
            "没签",
            "8.4",
        ],
    ]
    assert [
        told(e, "child", "age", "village", "types", "guardian", "item", "price_high", "status")
        for e in understand_bytes(workbook(rows)).entries
    ] == [
        ("王大山", 8, "东村", ("left_behind",), "李秀英", "运动鞋", 10000, "accepted"),
        ("李小河", 10, "东村", ("poor",), "李刚", "画板", None, "accepted"),
        ("李小河", 10, "东村", ("poor",), "李刚", "颜料", None, "accepted"),
        ("赵青青", 9, "西村", ("disabled", "other"), "赵亮", "助听器电池", 6000, "rejected"),
    ]


def test_two_children_in_one_cell_wait_for_a_person(understand_bytes: Understand) -> None:
    rows = [
        ["姓名", "心愿", "家长同意"],
        ["王大山、王小山", "书包2个", "是"],
        ["王 辰", "足球", "是"],
        ["李小河", "台灯", "是"],
    ]
    assert [told(e, "child", "status", "doubts") for e in understand_bytes(workbook(rows)).entries] == [
        ("王大山王小山", "parked", ["row_unsure"]),
        ("王辰", "accepted", []),
        ("李小河", "accepted", []),
    ]


def test_two_particulars_in_one_column_are_both_read(understand_bytes: Understand) -> None:
    rows = [
        [
            "编号",
            "心愿人（化名）",
            "年龄/性别",
            "住址",
            "心愿物品 / 数量 / 单价",
            "联系人 / 电话",
            "困难情况",
            "监护人书面同意",
        ],
        [
            "①",
            "小石头（化名）",
            "11岁/男",
            "临江镇渡口村",
            "书包/1个/80元",
            "王强/19900001111",
            "父母在外打工，跟奶奶生活",
            "有",
        ],
        ["②", "朵朵（化名）", "9岁/女", "临江镇渡口村", "彩笔/2盒/25元", "李刚/19900001112", "低保户", "有"],
    ]
    assert [
        told(e, "child", "gender", "age", "guardian", "phone", "item", "qty", "types")
        for e in understand_bytes(workbook(rows)).entries
    ] == [
        ("小石头", "M", 11, "王强", ("19900001111",), "书包", 1, ("left_behind",)),
        ("朵朵", "F", 9, "李刚", ("19900001112",), "水彩笔", 2, ("poor",)),
    ]


def test_only_what_is_ticked_counts(understand_bytes: Understand) -> None:
    rows = [
        ["儿童微心愿申报表"],
        ["儿童姓名", "王大山", "性别", "☑男 □女", "出生年月", "五岁半"],
        ["家庭住址", "西岭县石桥镇柳树村4组", "监护人", "王强", "联系电话", "199 0000 1111"],
        ["家庭情况", "■留守 □孤儿 □残疾 ☑低保"],
        ["微心愿", "书包□ 篮球☑ 台灯□", "预算", "350元左右"],
        ["监护人是否同意", "□同意 ☑不同意"],
    ]
    [entry] = understand_bytes(workbook(rows)).entries
    assert told(entry, "gender", "age", "types", "item", "consent", "reasons") == (
        "M",
        5,
        ("poor", "left_behind"),
        "篮球",
        "no",
        ["no_consent"],
    )


def test_a_masked_name_is_not_closed_up_to_another(understand_bytes: Understand) -> None:
    rows = [["姓名*", "心愿", "家长同意"], ["王*山", "书包", "是"], ["李＊", "足球", "是"], ["赵青青*", "台灯", "是"]]
    assert [(e.child, "name_alias" in e.warnings) for e in understand_bytes(workbook(rows)).entries] == [
        ("王*山", True),
        ("李*", True),
        ("赵青青", False),
    ]
