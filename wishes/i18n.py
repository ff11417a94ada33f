"""Words in two languages, side by side where they are used.

The interface speaks Chinese first and English second, and only these two. A sentence is therefore written once, with
both wordings beside each other, and can neither lose its twin nor drift away from it in a catalogue far off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

Language = Literal["zh", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")
DEFAULT_LANGUAGE: Final[Language] = "zh"


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence or label in both languages; ``{name}`` marks what is filled in."""

    zh: str
    en: str

    def say(self, language: Language, **facts: Any) -> str:
        """The wording in *language* with *facts* filled in."""
        wording = self.zh if language == "zh" else self.en
        return wording.format(**facts) if facts else wording


def pick_language(*wanted: str | None) -> Language:
    """The first of *wanted* (tags such as ``en-GB``, most wanted first) that we speak; Chinese otherwise."""
    for tag in wanted:
        short = (tag or "").replace("_", "-").split("-")[0].lower()
        if short in LANGUAGES:
            return "zh" if short == "zh" else "en"
    return DEFAULT_LANGUAGE
