"""The few formulas people put in such tables: sums of constants and a look at another cell. Nothing else is run."""

from __future__ import annotations

import re

from wishes.intake.reading.grid import Value, column_number

_CONSTANTS = re.compile(r"[\d.+\-*/() ]{1,60}")
_TOKEN = re.compile(r"\d+(?:\.\d+)?|[-+*/()]")
_CELL = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})")
_LINK = re.compile(r'HYPERLINK\(\s*"(?:[^"]|"")*"\s*,\s*"((?:[^"]|"")*)"\s*\)', re.I)
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')


def evaluated(formula: str, rows: list[list[Value]]) -> Value:
    """The value of ``formula`` (without its ``=``), or ``""`` when it is more than arithmetic on constants, one text (also
    that of a link, without its address) or one reference to a plain cell of the same sheet."""
    formula = formula.strip().lstrip("=+").replace("&quot;", '"')
    if (link := _LINK.fullmatch(formula)) is not None:
        return link[1].replace('""', '"')
    if (quoted := _QUOTED.fullmatch(formula)) is not None:
        return quoted[1].replace('""', '"')
    if (cell := _CELL.fullmatch(formula)) is not None:
        row, column = int(cell[2]) - 1, column_number(cell[1])
        return rows[row][column] if row < len(rows) and column < len(rows[row]) else ""
    if _CONSTANTS.fullmatch(formula) is None:
        return ""
    tokens = _TOKEN.findall(formula)
    if "".join(tokens) != formula.replace(" ", ""):
        return ""
    try:
        value, rest = _sum(tokens)
    except (IndexError, ValueError, ZeroDivisionError, RecursionError):
        return ""
    return value if not rest else ""


def _sum(tokens: list[str]) -> tuple[float, list[str]]:
    value, tokens = _product(tokens)
    while tokens and tokens[0] in "+-":
        sign, (term, tokens) = tokens[0], _product(tokens[1:])
        value = value + term if sign == "+" else value - term
    return value, tokens


def _product(tokens: list[str]) -> tuple[float, list[str]]:
    value, tokens = _factor(tokens)
    while tokens and tokens[0] in "*/":
        sign, (factor, tokens) = tokens[0], _factor(tokens[1:])
        value = value * factor if sign == "*" else value / factor
    return value, tokens


def _factor(tokens: list[str]) -> tuple[float, list[str]]:
    head, tokens = tokens[0], tokens[1:]
    if head == "-":
        value, tokens = _factor(tokens)
        return -value, tokens
    if head == "(":
        value, tokens = _sum(tokens)
        if tokens[0] != ")":
            raise ValueError
        return value, tokens[1:]
    return float(head), tokens
