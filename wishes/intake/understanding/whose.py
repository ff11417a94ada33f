"""Of whom a column tells: of the child, of its family, or of somebody else who stands in the same line.

Sheets of branches, volunteers, women's federations and judicial offices name other people beside the child. What such a column
says must never be taken for the child's or the family's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wishes.intake.understanding.headers import HeaderWords, Meaning, title_key
from wishes.intake.understanding.roles import FLAGS

GUARDIAN_GROUP = re.compile(r"监护|家长|联系人|父母|家庭成员|抚养|照料|照护|照顾|陪护|看护")
_CLAIM_GROUP = re.compile(r"认领|结对|捐赠|资助|爱心(?:人士|企业|单位)|落实|圆梦(?:人|情况)")
_NOT_OURS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "phone": (
        re.compile(
            "认领|结对|捐赠|资助|爱心|圆梦|对接|收件|紧急|校长|老师|班主任|教师|督导|网格|干部|社工|填报|经办|负责|走访|推荐|帮扶|联络员|书记|主任|审核"
        ),
        "teacher_phone",
    ),
    "price": (
        re.compile("受助|资助|补助|补贴|救助|认领|实际|实付|采购|捐赠|到账|收入|低保|保障|奖学|津贴|余额|已付"),
        "ignored",
    ),
    "guardian": (
        re.compile(
            "(?:微家|妇联|单位|机构|组织|站|中心|支部|商会|公司|企业|市场|学校|村|社区|街道|镇|项目|活动).{0,3}联[系络]人"
        ),
        "teacher",
    ),
    "consent": (re.compile("拍照|拍摄|肖像|照片|采访|出镜|录像|直播|领取|签收|发放|领用"), "ignored"),
}
"""Titles that speak of somebody else's number, of other money, of another permission."""
_OFFICE_GROUP = re.compile(
    "(?:学校|班级|村|社区|乡镇|镇|街道|单位|机构|社工站?|部门|填报|报送)(?:.{0,2}(?:联系|联络|负责|经办|对接)人|联系方式)"
)
"""学校联系人 | 姓名 | 电话."""
_WISH_GROUP = re.compile(r"心愿|愿望|需求|礼物|物品|物资")
_CHILD = re.compile(
    r"儿童|孩子|小孩|学生|少年|子女|娃|幼儿|患儿|小朋友|孤儿|未成年|[被受]|许愿|(?:帮扶|关爱|服务|资助|救助)对象"
)
_OTHERS = re.compile(
    r"党员|志愿|义工|爱心|代理|采集|录入|填[报表写]|登记[人员]|[上呈]报|报送|推荐|经办|社工|干部|网格|督导|老师|教师|班主任|辅导员"
    r"|书记|主任|[村屯队组所站]长|联络员|负责|责任人|承办|认领|结对|帮扶|包[保联户]|捐|资助|赞助|圆梦|落实|领取|发放|配送|采购"
    r"|服刑|矫正|在押|戒毒|罪犯|民警|医[生护]|护士|护理|司机|审核|走访人|入户人"
)
"""People who are not of the family."""
_ONES_OWN = re.compile(
    rf"(?<![被受])(?:{_OTHERS.pattern})(?:者|人员?|员|妈妈|爸爸)?的?(?:姓名|名字|性别|年龄|联系|电话|手机|号码)"
)
"""孩子班主任电话: the last one named is the one it tells of."""
_FAMILY = re.compile(
    r"监护|家长|家属|亲属|户主|父|母|爸|妈|爷|奶|姥|外[公婆]|联系人|照料|照护|照顾|抚养|陪护|看护|大人|代理人"
)
_OF_ONE_PERSON = frozenset(
    ("name", "sex", "birth", "age", "id", "guardian", "relation", "phone", "ethnicity", "school")
)
_OF_A_BODY = frozenset(("sex", "birth", "age", "id", "ethnicity"))
_ANY_PHONE = frozenset(("电话", "联系电话", "联系方式", "手机", "手机号", "手机号码", "电话号码", "联系号码", "号码"))
_NAMES = frozenset(("姓名", "名字", "名"))


@dataclass(slots=True)
class Title:
    """A column's own title and the group heading above it."""

    column: int
    text: str
    group: str = ""


def of_the_family(title: Title) -> bool:
    """Whether the title or its heading speaks of guardians: no child's name stands there."""
    return bool(GUARDIAN_GROUP.search(title_key(title.group)) or GUARDIAN_GROUP.search(title_key(title.text)))


def of_a_child(title: str) -> bool:
    """Whether a title speaks of a child and of no guardian: 孩子2姓名, 学生."""
    key = title_key(title)
    return _CHILD.search(key) is not None and GUARDIAN_GROUP.search(key) is None


def others_groups(titles: Sequence[Title], headers: HeaderWords) -> frozenset[str]:
    """Headings over the particulars of people who are neither the child nor its guardian: of several headings with a 姓名 below,
    one of which speaks of children, the others do not."""
    named = {
        t.group
        for t in titles
        if t.group and t.group != t.text and any(m.role == "name" for m in headers.meanings(t.text))
    }
    children = {group for group in named if _of_children(group)}
    if not children:
        return frozenset()
    return frozenset(g for g in named - children if GUARDIAN_GROUP.search(title_key(g)) is None)


def _of_children(text: str) -> bool:
    return _CHILD.search(title_key(text)) is not None


def in_group(title: Title, headers: HeaderWords, others: frozenset[str]) -> list[Meaning]:
    """What a title may mean below its heading: 姓名 below 监护人信息 is the guardian's, below 党员信息 nobody's who matters here."""
    meanings = list(headers.meanings(title.text))
    key = title_key(title.text)
    if meanings and (other := _NOT_OURS.get(meanings[0].role)) is not None and other[0].search(key):
        return [Meaning(other[1], 1.0)]
    if meanings and meanings[0].fit < 1 and _is_others(key):
        told = [m for m in meanings if m.role not in _OF_ONE_PERSON]
        meanings = told or [Meaning("claimer", 1.0)]  # 党员姓名, 结对党员及电话
    elif meanings and meanings[0].role in _OF_A_BODY and _FAMILY.search(key) is not None and not _of_children(key):
        return [Meaning("ignored", 1.0)]  # 监护人身份证号, 户主年龄
    group = title_key(title.group)
    if not group or title.group == title.text:
        return meanings
    if _CLAIM_GROUP.search(group) and not _CHILD.search(group):
        return [Meaning("claimer", 1.0)]
    if (title.group in others or _is_others(group)) and meanings and meanings[0].role in _OF_ONE_PERSON:
        return [Meaning("claimer", 1.0)]
    if _OFFICE_GROUP.search(group):
        change = {"name": "teacher", "phone": "teacher_phone", "guardian": "teacher"}
        return [Meaning(change[m.role], m.fit) for m in meanings if m.role in change]
    if GUARDIAN_GROUP.search(group):
        change = {
            "name": "guardian",
            "sex": "ignored",
            "age": "ignored",
            "birth": "ignored",
            "id": "ignored",
            "school": "ignored",
        }
        meanings = [Meaning(change.get(m.role, m.role), m.fit) for m in meanings]
        if key in _NAMES:
            return [Meaning("guardian", 1.0)]
    elif _WISH_GROUP.search(group):
        change = {"types": "wish_category", "name": "wish"} | dict.fromkeys(FLAGS, "wish")
        meanings = [Meaning(change.get(m.role, m.role), m.fit) for m in meanings]
    if not meanings:
        meanings = [Meaning(m.role, m.fit * 0.7) for m in headers.meanings(title.group) if m.role != "group"]
    return meanings


def _is_others(key: str) -> bool:
    """Whether a title speaks of somebody who is neither child nor family: 采集人, 党员, but not 帮扶儿童 or 监护人."""
    if _OTHERS.search(key) is None:
        return False
    kin = _CHILD.search(key) is not None or GUARDIAN_GROUP.search(key) is not None
    return not kin or _ONES_OWN.search(key) is not None


def is_any_phone(title: str) -> bool:
    """Whether the title of a number leaves open whose it is."""
    return title_key(title) in _ANY_PHONE
