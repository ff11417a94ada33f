"""The record speaks to people: whatever is written into it has a name in both languages."""

from __future__ import annotations

import ast
from pathlib import Path

import wishes
from wishes.events.story import label_of


def written() -> set[str]:
    """Every action that the source hands to ``record`` by name."""
    found: set[str] = set()
    for file in Path(wishes.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "record":
                found |= {
                    part.value
                    for word in node.keywords
                    if word.arg == "action"
                    for part in ast.walk(word.value)
                    if isinstance(part, ast.Constant) and isinstance(part.value, str) and not part.value.startswith("_")
                }
    return found


def test_every_action_of_the_record_has_a_name_in_both_languages() -> None:
    actions = written()
    assert len(actions) > 40
    assert not {action for action in actions if label_of(action).zh == action}
