"""Words for codes that pages show: categories, needs, sexes, sizes."""

from __future__ import annotations

from collections import defaultdict

from wishes.i18n import Text
from wishes.web.context import t

CATEGORY: dict[str, Text] = defaultdict(
    lambda: Text("其他", "Other"),
    {
        "study": Text("学习用品", "Study"),
        "book": Text("图书", "Books"),
        "clothing": Text("衣物", "Clothing"),
        "sport": Text("体育", "Sport"),
        "art": Text("文艺", "Art and music"),
        "toy": Text("玩具", "Toys"),
        "daily": Text("生活用品", "Daily life"),
        "aid": Text("康复辅具", "Aids"),
        "experience": Text("体验", "Experiences"),
        "companionship": Text("陪伴", "Company"),
        "psych": Text("心理支持", "Counselling"),
        "other": Text("其他", "Other"),
    },
)

NEED: dict[str, Text] = defaultdict(
    lambda: Text("其他要求", "Other requirement"),
    {
        "none": Text("无特别要求", "None"),
        "vetted": Text("须经无犯罪记录核查", "A vetted volunteer"),
        "psych": Text("须经核查并有心理资质", "A vetted and qualified counsellor"),
    },
)

SEX: dict[str, Text] = {"M": Text("男", "Boy"), "F": Text("女", "Girl")}

_SIZE: dict[str, Text] = {
    "shoe": Text("{size} 码", "shoe size {size}"),
    "height": Text("身高 {size} cm", "height {size} cm"),
    "inch": Text("{size} 寸", "{size} inch"),
}


def size_text(kind: str, size: str) -> str:
    """A size with its unit."""
    return t(_SIZE.get(kind, Text("{size}", "{size}")), size=size)
