"""Columns that look like the family's and are not: numbers of volunteers, consent to be shown, the region of an address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

from wishes.intake.understanding.content import ColumnLook
from wishes.intake.understanding.headers import HeaderWords, title_key
from wishes.intake.understanding.model import ColumnReading
from wishes.intake.understanding.whose import is_any_phone

_OFFICIAL = re.compile("(?:[员师]|(?<!家)长|医生|主任|书记|干部|代表|专干|[录填核审查对跟走采登][^护]{0,3}人)$")


def is_an_official(title: str) -> bool:
    """Whether the title of a column of names is that of an office: 保育员, 带班老师, 村支书. Parents hold none."""
    return _OFFICIAL.search(title_key(title)) is not None


_OFFICE = re.compile(
    "主席|主任|书记|校长|班主任|老师|教师|干部|社工|领导|单位|部门|政府|街道|[村镇乡].{0,2}[意审核]|社区|村委|居委|妇联|民政|学校|支部|团委|工会"
    "|审[核批查]|复核|核[实查]|初审|终审|上级|盖章|评定|评议|研究"
)


def says_an_office(title: str) -> bool:
    """Whether what stands below a title is said by an office and by nobody of the family: 妇联主席意见, 审核结果."""
    key = title_key(title)
    return _OFFICE.search(key) is not None and _FAMILY.search(key) is None


_NUMBER_OF = re.compile(
    "(?:联系|固定|移动|家庭|备用|常用|紧急|微信|有效|手机|主要|第[一二三]|[12一二]|[及和、/]|的|号码?|方式|电话|手机|座机|方法|tel|mobile|cell|phone|number|no)+"
    "|[(（].*$",
    re.I,
)
_FAMILY = re.compile(
    "监护|家[长属人庭里]|亲[属人]|父|母|爸|妈|爷|奶|公|婆|姥|叔|伯|姑|舅|姨|兄|姐|照[顾料护看管]|抚养|看[护管]|带|养育|代理|陪护|成员|联系人"
    "|祖|嫂|大人|户主|申请人|本人|孩子|儿童|学生|少年|患儿|收货|收件|guardian|parent|father|mother|family|contact|child|home",
    re.I,
)
_OUTSIDERS = re.compile("爱心|志愿|结对|社工|干部|老师|教师|认领|officer|worker|teacher|volunteer", re.I)


_SURELY = 0.9


def _may_be_of_family(title: str) -> bool:
    """Whether the title of a column of numbers names nobody, or one of the family: 爱心妈妈电话 does neither."""
    whose = _NUMBER_OF.sub("", title_key(title))
    return _OUTSIDERS.search(whose) is None and (not whose or _FAMILY.search(whose) is not None)


_PUBLICITY = re.compile("公开|公示|照片|相片|图片|肖像|拍[照摄]|摄影|录[像音]|宣传|报道|采访|短信")
_REGION = re.compile("省.{0,2}市|省份|地区|区域|城市|行政区|市.{0,2}[区县]")


def set_publicity_aside(readings: list[ColumnReading]) -> None:
    """同意参加 | 同意公开照片: who takes part need not be shown; only where nothing else is asked the one stands for the other."""
    asked = [r for r in readings if r.role == "consent"]
    public = [r for r in asked if _PUBLICITY.search(r.title)]
    for reading in public if len(public) < len(asked) else ():
        reading.role = "ignored"


def tell_regions_apart(readings: list[ColumnReading], headers: HeaderWords) -> None:
    """现居住地（省市区） | 详细地址: of two addresses the one tells the county, the other the rest."""
    first = next((r for r in readings if r.role == "address"), None)
    if first is None or any(r.role == "county" for r in readings):
        return
    for other in readings:
        meant = max((m.fit for m in headers.meanings(other.title) if m.role == "address"), default=0.0)
        if (
            other.role != "ignored"
            or not meant
            or bool(_REGION.search(first.title)) == bool(_REGION.search(other.title))
        ):
            continue
        if _REGION.search(other.title):
            other.role = "county"
        elif meant >= _SURELY:
            first.role, other.role = "county", "address"
        else:
            continue
        other.how, other.confidence = "header", first.confidence
        return


def set_others_phones_aside(readings: list[ColumnReading], looks: Mapping[int, ColumnLook]) -> None:
    """认领人 | 联系电话: a number behind somebody who is not of the family is that person's, where the family has one, too. So is
    爱心妈妈电话, and one number for all children is hardly a family's."""
    phones = [r for r in readings if r.role == "phone"]
    others = [r for r in phones if looks[r.column].constant or not _may_be_of_family(r.title)]
    for reading in others if len(others) < len(phones) else ():
        reading.role = "teacher_phone"
    for before, reading in pairwise(readings):
        if (
            reading.role == "phone"
            and len(phones) > 1
            and before.role in ("claimer", "teacher", "unit_name")
            and is_any_phone(reading.title)
        ):
            reading.role = "teacher_phone"
