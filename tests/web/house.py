"""The house rules of every HTML page, checked on the bytes a browser would get.

``check_page(html, path)`` raises AssertionError naming every rule the page breaks; ``findings(html)`` lists them.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

LANGUAGES = ("zh-CN", "en")
# Inputs that need no label: unseen, or named by their own value.
UNLABELLED_INPUTS = ("hidden", "submit", "reset", "button", "image")
VOID = frozenset(("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"))
DATA_SCRIPTS = ("application/json", "application/ld+json")


@dataclass(slots=True, eq=False)
class Element:
    """One element: its tag, attributes, where it stands, and the words in it (alternative texts included)."""

    tag: str
    attrs: dict[str, str]
    line: int
    parents: tuple[Element, ...]
    words: list[str] = field(default_factory=list)
    has_children: bool = False

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def __str__(self) -> str:
        shown = {key: self.attrs[key] for key in ("id", "name", "href", "class", "action") if self.attrs.get(key)}
        return f"line {self.line}: <{self.tag}{''.join(f' {key}={value!r}' for key, value in shown.items())}>"


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        element = Element(tag, {name: value or "" for name, value in attrs}, self.getpos()[0], tuple(self._open))
        for name, count in Counter(names).items():
            if count > 1:
                self.faults.append(f"{element} has the attribute {name} {count} times")
        if self._open:
            self._open[-1].has_children = True
        self.elements.append(element)
        self._say(element.attrs.get("aria-label", "") or (element.attrs.get("alt", "") if tag == "img" else ""))
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        tags = [element.tag for element in self._open]
        if tag not in tags:
            self.faults.append(f"line {self.getpos()[0]}: </{tag}> closes nothing")
            return
        while self._open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        self._say(data)

    def _say(self, words: str) -> None:
        if words:
            for element in self._open:
                element.words.append(words)


def _named(ids: dict[str, Element], element: Element) -> bool:
    """Whether assistive technology has a name for *element*."""
    attrs = element.attrs
    if attrs.get("aria-label", "").strip() or attrs.get("title", "").strip():
        return True
    if any(ids[key].text for key in attrs.get("aria-labelledby", "").split() if key in ids):
        return True
    return bool(element.text)


def _labelled(page: _Page, ids: dict[str, Element], element: Element) -> bool:
    if any(parent.tag == "label" and parent.text for parent in element.parents):
        return True
    mine = element.attrs.get("id")
    if mine and any(label.text for label in page.elements if label.tag == "label" and label.attrs.get("for") == mine):
        return True
    attrs = element.attrs
    return bool(attrs.get("aria-label", "").strip()) or any(
        ids[key].text for key in attrs.get("aria-labelledby", "").split() if key in ids
    )


def _hidden(element: Element) -> bool:
    return any(one.attrs.get("aria-hidden") == "true" for one in (element, *element.parents))


def _described(element: Element) -> bool:
    """Whether a drawing, or the picture it is part of, says in words what it shows."""
    return any(
        one.attrs.get("role") == "img" and one.attrs.get("aria-label", "").strip()
        for one in (element, *element.parents)
    )


def _foreign(url: str) -> bool:
    return url.startswith(("http://", "https://", "//"))


def _shape(page: _Page) -> list[str]:
    """One html with its language, one title, one h1, one main."""
    found = []
    of = {tag: [element for element in page.elements if element.tag == tag] for tag in ("html", "title", "h1", "main")}
    if len(of["html"]) != 1 or of["html"][0].attrs.get("lang") not in LANGUAGES:
        found.append(f"<html lang> must be one of {', '.join(LANGUAGES)}")
    titles = [title for title in of["title"] if not any(parent.tag == "svg" for parent in title.parents)]
    if len(titles) != 1 or not titles[0].text.strip(" ·"):
        found.append("a page has one title with words in it")
    elif titles[0].text.startswith("·"):
        found.append("the title names the product only: fill the block `title`")
    if len(of["h1"]) != 1 or not of["h1"][0].text:
        found.append(f"a page has one h1 with words in it; this one has {len(of['h1'])}")
    if len(of["main"]) != 1:
        found.append(f"a page has one main; this one has {len(of['main'])}")
    return found


def _ids(page: _Page, ids: dict[str, Element]) -> list[str]:
    """Ids are unique, and whoever points at one finds it."""
    counts = Counter(element.attrs["id"] for element in page.elements if element.attrs.get("id"))
    found = [f"id {name!r} stands {count} times on the page" for name, count in counts.items() if count > 1]
    for element in page.elements:
        for attr in ("aria-labelledby", "aria-describedby", "aria-controls", "for", "data-dialog", "form"):
            if element.tag != "output" or attr != "for":
                found += [
                    f"{element}: {attr} points at {key!r}, which is not there"
                    for key in element.attrs.get(attr, "").split()
                    if key not in ids
                ]
        href = element.attrs.get("href", "")
        if element.tag == "a" and href.startswith("#") and len(href) > 1 and href[1:] not in ids:
            found.append(f"{element} leads to a place that is not on the page")
    return found


def _controls(page: _Page, ids: dict[str, Element]) -> list[str]:
    """What is filled in has a label, what is pressed has a name, what is seen has an alternative."""
    found = []
    for element in page.elements:
        tag, attrs = element.tag, element.attrs
        entry = tag in ("select", "textarea") or (tag == "input" and attrs.get("type", "text") not in UNLABELLED_INPUTS)
        if entry and not _labelled(page, ids, element):
            found.append(f"{element} has no label")
        if tag in ("button", "summary", "dialog") and not _named(ids, element):
            found.append(f"{element} has no name")
        if tag == "a" and "href" in attrs and not _named(ids, element):
            found.append(f"{element} has no name")
        if tag == "img" and "alt" not in attrs:
            found.append(f"{element} has no alt")
        if tag == "svg" and not _hidden(element) and not _described(element):
            found.append(f"{element} is neither hidden from assistive technology nor described")
        if tag == "svg" and "icon" in attrs.get("class", "").split() and not element.has_children:
            found.append(f"{element} is empty: there is no icon of that name")
    return found


def _forms(page: _Page) -> list[str]:
    """A form that changes something carries the token; forms do not nest."""
    found = []
    for form in (element for element in page.elements if element.tag == "form"):
        inside = [element for element in page.elements if form in element.parents]
        if any(parent.tag == "form" for parent in form.parents):
            found.append(f"{form} stands inside another form")
        token = any(
            element.tag == "input" and element.attrs.get("name") == "csrf_token" and element.attrs.get("value")
            for element in inside
        )
        method = form.attrs.get("method", "get").lower()
        if method == "post" and not token:
            found.append(f"{form} is sent by POST without csrf_token")
        if method == "get" and token:
            found.append(f"{form} puts the csrf_token into the address")
    return found


def _policy(page: _Page) -> list[str]:
    """Nothing that the content security policy would refuse, and nothing from elsewhere."""
    found = []
    for element in page.elements:
        tag, attrs = element.tag, element.attrs
        found += [f"{element} has an inline handler {name}" for name in attrs if name.startswith("on")]
        if "style" in attrs:
            found.append(f"{element} has an inline style")
        if tag == "style":
            found.append(f"{element} is an inline style sheet")
        if tag == "script" and "src" not in attrs and attrs.get("type") not in DATA_SCRIPTS:
            found.append(f"{element} is an inline script")
        if tag == "script" and attrs.get("type") in DATA_SCRIPTS and "".join(element.words).strip():
            try:
                json.loads("".join(element.words))
            except ValueError:
                found.append(f"{element} holds data that is not JSON")
        if attrs.get("href", "").strip().lower().startswith("javascript:"):
            found.append(f"{element} runs a script from its address")
        loaded = attrs.get("src", "") or (attrs.get("href", "") if tag == "link" else "")
        if tag in ("script", "img", "link", "iframe", "audio", "video", "source") and _foreign(loaded):
            found.append(f"{element} loads from elsewhere: {loaded}")
        if tag == "a" and attrs.get("target") == "_blank" and "noopener" not in attrs.get("rel", ""):
            found.append(f"{element} opens a new window without rel=noopener")
    return found


def findings(html: str) -> list[str]:
    """Every house rule that *html* (a whole page) breaks, as sentences; empty when it keeps them all."""
    page = _Page()
    page.feed(html)
    page.close()
    ids = {element.attrs["id"]: element for element in page.elements if element.attrs.get("id")}
    found = page.faults + _shape(page) + _ids(page, ids) + _controls(page, ids) + _forms(page) + _policy(page)
    shown = "".join("".join(element.words) for element in page.elements if element.tag == "body")
    found += [f"{mark!r} was left unrendered" for mark in ("{{", "{%", "}}") if mark in shown]
    return found


def check_page(html: str, path: str) -> None:
    """Raise AssertionError naming every rule that the page at *path* breaks."""
    found = findings(html)
    assert not found, f"{path} breaks the house rules:\n  " + "\n  ".join(found)
