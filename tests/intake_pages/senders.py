"""Files as senders send them to these tests. Everybody is called a surname and a number: no name here is a person's."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence
from functools import cache

import openpyxl

HEADER = ("序号", "姓名", "性别", "出生年月", "家庭住址", "监护人", "联系电话", "微心愿", "价格", "知情同意", "备注")


def line(
    child: str,
    wish: str = "书包",
    price: str = "120",
    *,
    sex: str = "女",
    birth: str = "",
    consent: str = "有",
    remark: str = "",
    phone: str = "",
    town: str = "锦城街道",
) -> list[str]:
    """One line below :data:`HEADER`; each child has a guardian, a phone and a birthday of its own."""
    number = sum(map(ord, child)) % 10000
    birth = birth or f"{2008 + number % 8}-{number % 12 + 1:02}-{number % 28 + 1:02}"
    return [
        str(number), child, sex, birth, f"临安区{town}{number % 90 + 1}号", f"余{child[-1]}", phone or f"1990000{number:04}", wish, price,
        consent, remark,
    ]  # fmt: skip


def xlsx(
    rows: Sequence[Sequence[str]], *, title: str = "临安区锦城街道困境儿童微心愿征集表", header: Sequence[str] = HEADER
) -> bytes:
    """A workbook with a title row and a header; the same bytes for the same words."""
    return _made(title, tuple(header), tuple(map(tuple, rows)))


@cache
def _made(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "汇总"
    for row in ([title], header, *rows):
        sheet.append(list(row))
    for row in sheet.iter_rows():
        for cell in row:
            if isinstance(cell.value, str):
                cell.data_type = "s"  # text stays text, also when it begins like a formula
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def csv(rows: Sequence[Sequence[str]], encoding: str = "gb18030") -> bytes:
    return "\r\n".join(",".join(row) for row in (HEADER, *rows)).encode(encoding)


DIRTY = (
    line("章一"),
    line("章二", "一个神秘的东西", sex="男"),
    line("章三", "篮球", "一百来块钱吧可能更多", phone="19900"),
    line("章四", "电动车", "300"),
    line("章五", "台灯", "80", consent="口头同意"),
    line("章六", "字典", "60", consent="口头同意"),
    line("章七", "运动鞋 38码", "190"),
    line("章七", "运动鞋", "190"),
    line("章八", "变形激光剑", "90"),
    line("章九", "足球", "90", remark="=1+1", consent="没有"),
)
"""Accepted 2, parked 3, rejected 4, duplicate 1."""


def zip_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        with packed.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            for _ in range(400):
                part.write(b"0" * 1_000_000)
    return out.getvalue()


def giant_dimension() -> bytes:
    """A workbook whose last cell stands at the end of the world."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"] = "姓名"
    sheet["XFD1048576"] = "x"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def encrypted() -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 600


HOSTILE: dict[str, bytes] = {
    "压缩炸弹.xlsx": zip_bomb(),
    "天边的格子.xlsx": giant_dimension(),
    "有密码.xlsx": encrypted(),
    "程序.xlsx": b"MZ\x90\x00" + struct.pack("<I", 7) * 400,
    "断了.xlsx": xlsx(DIRTY)[:3000],
    "图片.xlsx": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40,
    "空的.csv": b"",
}
"""File name → bytes; none of them can be read."""
