"""What words mean: titles, things, kinds of need, dangers, phrases. Plain files, extended by coordinators without code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Addition:
    """One word a coordinator taught. ``book`` is a file here without its ending; ``key`` its first column, for things with
    ``/category`` where the person chose it."""

    book: str
    key: str
    word: str


@dataclass(frozen=True, slots=True)
class Item:
    """A thing, or (``loose``) different things of one kind. The campaign's catalogue goes before ``category``."""

    name: str
    category: str
    size_kind: str | None
    synonyms: tuple[str, ...]
    loose: bool = False


@dataclass(frozen=True)
class Words:
    """All vocabularies. Each maps a key to its words; ``items`` keeps the order of the file."""

    headers: Mapping[str, tuple[str, ...]]
    items: tuple[Item, ...]
    heads: Mapping[str, tuple[str, ...]]
    unsafe: Mapping[str, tuple[str, ...]]
    cash: Mapping[str, tuple[str, ...]]
    kinds: Mapping[str, tuple[str, ...]]
    phrases: Mapping[str, tuple[str, ...]]
    provinces: Mapping[str, str]
    additions: tuple[Addition, ...] = field(default=())

    def plus(self, additions: Iterable[Addition]) -> Words:
        """These words and the taught ones. An addition to an unknown key starts a new entry.

        Raises ValueError for an unknown book.
        """
        grown = self
        for addition in additions:
            grown = _grown(grown, addition)
        return grown


def _grown(words: Words, addition: Addition) -> Words:
    taught = (*words.additions, addition)
    if addition.book == "items":
        name, _, category = addition.key.partition("/")
        # What a person taught goes before what the product knew of the word.
        items = [_without(item, addition.word) if item.name != name else item for item in words.items]
        for at, item in enumerate(items):
            if item.name == name and category in ("", item.category):
                items[at] = replace(item, synonyms=(*item.synonyms, addition.word))
                break
        else:
            items.append(Item(name, category, None, (addition.word,)))
        return replace(words, items=tuple(items), additions=taught)
    book: Mapping[str, tuple[str, ...]] = getattr(words, addition.book, {})
    extended = {**book, addition.key: (*book.get(addition.key, ()), addition.word)}
    match addition.book:
        case "headers":
            return replace(words, headers=extended, additions=taught)
        case "heads":
            return replace(words, heads=extended, additions=taught)
        case "unsafe":
            return replace(words, unsafe=extended, additions=taught)
        case "cash":
            return replace(words, cash=extended, additions=taught)
        case "kinds":
            return replace(words, kinds=extended, additions=taught)
        case "phrases":
            return replace(words, phrases=extended, additions=taught)
    raise ValueError(f"no such book of words: {addition.book}")


def _without(item: Item, word: str) -> Item:
    if word not in item.synonyms:
        return item
    return replace(item, synonyms=tuple(each for each in item.synonyms if each != word))


def _lines(name: str) -> Iterable[list[str]]:
    for line in (_FOLDER / name).read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.split("\t")


def _book(name: str) -> dict[str, tuple[str, ...]]:
    book: dict[str, tuple[str, ...]] = {}
    for key, words in _lines(name):
        book[key] = (*book.get(key, ()), *words.split())
    return book


@cache
def traditional() -> Mapping[str, str]:
    """Traditional characters and the simplified ones they are written for, where these words use the simplified."""
    return {other: pair[0] for pair in _book("traditional.tsv")["pairs"] for other in pair[1:]}


@cache
def default_words() -> Words:
    """The words shipped with the product."""
    items = []
    for row in _lines("items.tsv"):
        name, kind, synonyms = (*row, "", "")[:3]
        category, _, size_kind = kind.removeprefix("~").partition("/")
        items.append(Item(name, category, size_kind or None, tuple(synonyms.split()), kind.startswith("~")))
    return Words(
        headers=_book("headers.tsv"),
        items=tuple(items),
        heads=_book("heads.tsv"),
        unsafe=_book("unsafe.tsv"),
        cash=_book("cash.tsv"),
        kinds=_book("kinds.tsv"),
        phrases=_book("phrases.tsv"),
        provinces={name: code for code, name in _lines("places_words.tsv")},
    )
