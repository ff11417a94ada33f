"""What is wrong with a field, in both languages. The value itself is never repeated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wishes.i18n import Text

_WORDS: dict[str, Text] = {
    "missing": Text("缺少这一项。", "This field is missing."),
    "extra_forbidden": Text("没有这一项。", "There is no such field."),
    "string_type": Text("须为一段文字，且只出现一次。", "This must be one piece of text."),
    "string_too_short": Text("不能少于 {min_length} 个字符。", "This needs at least {min_length} characters."),
    "string_too_long": Text("不能超过 {max_length} 个字符。", "This has at most {max_length} characters."),
    "string_pattern_mismatch": Text("格式不对。", "This is not written as expected."),
    "greater_than_equal": Text("不能小于 {ge}。", "This must be {ge} or more."),
    "less_than_equal": Text("不能大于 {le}。", "This must be {le} or less."),
    "int_type": Text("须为整数。", "This must be a whole number."),
    "int_parsing": Text("须为整数。", "This must be a whole number."),
    "int_from_float": Text("须为整数。", "This must be a whole number."),
    "enum": Text("须为以下之一：{expected}。", "This must be one of {expected}."),
    "literal_error": Text("须为以下之一：{expected}。", "This must be one of {expected}."),
    "date_from_datetime_parsing": Text("日期须写成 2021-06-01。", "Write the date like 2021-06-01."),
    "date_parsing": Text("日期须写成 2021-06-01。", "Write the date like 2021-06-01."),
    "date_type": Text("日期须写成 2021-06-01。", "Write the date like 2021-06-01."),
    "datetime_from_date_parsing": Text(
        "时间须写成 2021-06-01T08:00:00+08:00。", "Write the instant like 2021-06-01T08:00:00+08:00."
    ),
    "datetime_parsing": Text(
        "时间须写成 2021-06-01T08:00:00+08:00。", "Write the instant like 2021-06-01T08:00:00+08:00."
    ),
    "timezone_aware": Text(
        "时间须带时区，如 2021-06-01T08:00:00+08:00。", "The instant needs its zone, as in 2021-06-01T08:00:00+08:00."
    ),
    "model_type": Text("须为一个 JSON 对象。", "This must be a JSON object."),
}
_OTHERWISE = Text("这个值不能用。", "This value cannot be used.")


def of_validation(error: Mapping[str, Any]) -> Text:
    """The wording of one of pydantic's errors, its facts filled in."""
    words = _WORDS.get(error["type"], _OTHERWISE)
    facts = {name: str(value) for name, value in error.get("ctx", {}).items()}
    if "expected" in facts:
        facts["expected"] = facts["expected"].replace(" or ", ", ")
    return Text(*(_plain(side.format(**facts)) for side in (words.zh, words.en)))


def _plain(words: str) -> str:
    """Braces left in the wording are no placeholders."""
    return words.replace("{", "(").replace("}", ")")
