"""The readers and word sets a run needs, built once from words, catalogue and places."""

from __future__ import annotations

import re
from collections.abc import Iterable

from wishes.intake.understanding.catalogued import CatalogueItem
from wishes.intake.understanding.headers import HeaderWords
from wishes.intake.understanding.people import KindReader
from wishes.intake.understanding.places import Places
from wishes.intake.understanding.splitting import Splitter
from wishes.intake.understanding.text import flat, tight
from wishes.intake.understanding.things import ThingReader
from wishes.intake.words import Words

_CJK = re.compile(r"[\u3400-\u9fff〇·\U00020000-\U0003ffff]+")
_TAIL = re.compile(r"[(（].*?[)）]$")


class Lexicon:
    """Everything that is the same for all files of a run. Hashable by identity, so results can be remembered."""

    def __init__(self, words: Words, catalogue: Iterable[CatalogueItem], places: Places) -> None:
        phrases = words.phrases
        self.words, self.places = words, places
        self.catalogue = tuple(catalogue)
        self.things = ThingReader(self.catalogue, words)
        self.splitter = Splitter(self.things)
        self.kinds = KindReader(words)
        self.headers = HeaderWords(words)
        self.boys, self.girls = frozenset(phrases["boy"]), frozenset(phrases["girl"])
        self.yes = frozenset(map(tight, phrases["yes"]))
        self.no = frozenset(map(tight, phrases["no"]))
        self.relations = frozenset(phrases["relation"])
        self.long_relations = tuple(word for word in self.relations if len(word) > 1)
        self.category_words = frozenset(phrases["category_words"])
        self.ditto = frozenset(map(tight, phrases["ditto"])) | frozenset(phrases["ditto"])
        self.example_names = frozenset(phrases["example_name"])
        self.maybe_examples = frozenset(phrases["example_maybe"])
        self.examples = frozenset(map(tight, phrases["example"]))
        self.totals = frozenset(map(tight, phrases["total"]))
        self.footers = tuple(phrases["footer"])
        self.notes = tuple(phrases["note"])
        self.withdrawn, self.called_off = tuple(phrases["withdrawn"]), frozenset(phrases["withdrawn"])
        self.no_price = frozenset(map(flat, phrases["price_none"]))
        self.zero_price = frozenset(map(flat, phrases["price_zero"]))
        self.no_record = frozenset(map(tight, phrases["visit_none"]))
        self.surnames = frozenset(phrases["surname"])
        self.batch_subject = tuple(phrases["batch_subject"])
        self.batch_done = tuple(phrases["batch_done"])
        self.batch_not = tuple(phrases["batch_not"])
        names = [t.name for t in places.townships.values()] + list(places.counties.values())
        self.place_pattern: re.Pattern[str] | None = (
            re.compile("|".join(sorted(map(re.escape, set(names)), key=len, reverse=True))) if names else None
        )
        self._names: dict[str, bool] = {}

    def is_name(self, text: str) -> bool:
        """Whether ``text`` (tight) may be a Chinese person's name."""
        if (known := self._names.get(text)) is None:
            bare = _TAIL.sub("", text) if "(" in text else text
            known = (
                2 <= len(bare) <= 4
                and _CJK.fullmatch(bare) is not None
                and (bare[0] in self.surnames or (len(bare) > 2 and bare[:2] in self.surnames))
            )
            known = known and not self._is_word(bare)
            if not known and "·" in bare and 4 <= len(bare) <= 15:
                known = True
            self._names[text] = known
        return known

    def _is_word(self, text: str) -> bool:
        """A thing, a kind of need or a category: not a name although it may begin like one. ``text`` is all Chinese characters."""
        return (
            text in self.category_words
            or text in self.relations
            or text in self.kinds.words
            or text in self.things.words
        )

    def is_item(self, text: str) -> bool:
        """Whether a cell reads as something one may wish for."""
        parts = self.splitter.split(flat(text))
        return bool(parts) and any(self.things.is_wish(p.text) for p in parts)
