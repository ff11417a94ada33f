"""Walks everything somebody can reach and hands out the words of each answer, whatever it is packed in."""

from __future__ import annotations

import io
import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pypdfium2
import sqlalchemy as sa
import zxingcpp
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter
from werkzeug.test import TestResponse

from tests.crawler.installation import Loaded, workbook_text
from wishes.access import Role

_LINK = re.compile(r'(?:href|src|action|data-url|data-live|data-[a-z-]+)="(/[^"]*)"')
_JSON_CODE = re.compile(r'"(?:code|wish)":\s*"([A-Za-z0-9-]+)"')
QR_PAGES = 2
"""Pages of a PDF whose codes are read: every page is searched for words."""


@dataclass(frozen=True)
class Answer:
    """One answer: where it was asked, and every word in it."""

    endpoint: str
    path: str
    status: int
    text: str


@dataclass
class Walk:
    """Somebody's way through the installation. ``most`` bounds the addresses of one shape (endpoint and names of its parameters)."""

    loaded: Loaded
    role: Role | None
    most: int
    shapes: Counter[tuple[str, ...]] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.client: FlaskClient = self.loaded.app.test_client()
        self.token = ""
        if self.role is not None:
            _, cookie, self.token = self.loaded.people[self.role]
            self.client.set_cookie("microwish", cookie)
        self._map: MapAdapter = self.loaded.app.url_map.bind("localhost")

    def answers(self) -> Iterator[Answer]:
        """Every answer once, breadth first: pages, what they link, every API list and what it names, and errors."""
        queue = deque(self._starts())
        seen = set(queue)
        while queue:
            path = queue.popleft()
            shape = self._shape(path)
            if shape is None or self.shapes[shape] >= self.most:
                continue
            self.shapes[shape] += 1
            response = self._ask(path)
            text = self._words(response)
            yield Answer(shape[0], path, response.status_code, f"{path}\n{text}")
            for link in self._links(response, text):
                if link not in seen:
                    seen.add(link)
                    queue.append(link)

    def refusals(self) -> Iterator[Answer]:
        """Forms sent with nothing and with nonsense: what a refusal says."""
        page = self.client.get("/account" if self.role else "/sign-in").text
        token = page.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
        for rule in self.loaded.app.url_map.iter_rules():
            if "POST" not in (rule.methods or ()) or rule.endpoint in (
                "account.sign_out",
                "account.close_browser",
                "matching.start",
            ):
                continue
            path = self._path(rule)
            for body in ({}, {"ids": "1", "action": "x", "reason": "�", "name": "?", "files": "x"}):
                if rule.rule.startswith("/api/"):
                    response = self.client.open(path, method="POST", json=body, headers=self._headers())
                else:
                    response = self.client.post(path, data={"csrf_token": token, **body})
                yield Answer(rule.endpoint, path, response.status_code, self._words(response))

    # --- asking -----------------------------------------------------------------------------------------------------------

    def _starts(self) -> list[str]:
        base, api = f"/c/{self.loaded.slug}", f"/api/v1/campaigns/{self.loaded.slug}"
        found = ["/", "/sign-in", "/account", "/nowhere", base, f"{base}/shared/{self.loaded.shared_link}"]
        for rule in self.loaded.app.url_map.iter_rules():
            if "GET" in (rule.methods or ()) and rule.arguments <= {"slug"}:
                found.append(rule.rule.replace("<slug>", self.loaded.slug).replace("<slug:slug>", self.loaded.slug))
        found += [f"{base}/import?show={show}" for show in ("attention", "failed")]
        found += [f"{base}/wishes?status={status}" for status in ("draft", "submitted", "open", "claimed", "delivered")]
        found += [f"{base}/board/export.{kind}" for kind in ("csv", "xlsx")]
        found += [f"{api}/wishes?limit=200", f"{api}/claims?limit=100", f"{api}/proposals", f"{api}/notices"]
        # addresses that nobody links for this person: tried all the same
        found += [f"{base}/import/{n}" for n in range(1, 4)] + [f"{base}/import/row/{n}" for n in range(1, 40, 3)]
        found += [f"{base}/import/{n}/{what}" for n in range(1, 3) for what in ("annotated", "report")]
        for code in self._codes():
            found += [f"{base}/wishes/{code}", f"{api}/wishes/{code}", f"{api}/forecast/{code}"]
            found += [f"{base}/wishes/{code}/{what}" for what in ("label.pdf", "receipt", "child")]
            found.append(f"{base}/scan?code={code}")
        return list(dict.fromkeys(found))

    def _codes(self) -> list[str]:
        """Wishes of every status, spread over the campaign."""
        with self.loaded.database.reading() as session:
            rows = session.execute(sa.text("SELECT status, code FROM wish ORDER BY id")).all()
        by_status: dict[str, list[str]] = {}
        for status, code in rows:
            by_status.setdefault(status, []).append(code)
        each = max(1, self.most // 6)
        return [code for codes in by_status.values() for code in codes[:: max(1, len(codes) // each)][:each]]

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def _ask(self, path: str) -> TestResponse:
        return self.client.get(path, headers=self._headers() if path.startswith("/api/") else {})

    def _shape(self, path: str) -> tuple[str, ...] | None:
        parts = urlsplit(path)
        names = sorted({name for name, _ in parse_qsl(parts.query)} - {"lang"})
        try:
            endpoint, _ = self._map.match(parts.path, method="GET")
        except HTTPException:
            return ("none", *names)
        return None if endpoint == "static" else (str(endpoint), *names)

    def _path(self, rule: Any) -> str:
        codes = self._codes()
        values = {
            "slug": self.loaded.slug,
            "code": codes[0],
            "name": "cancel",
            "secret": "x",
            "verdict": "approve",
            "kind": "csv",
        }
        return str(
            self._map.build(rule.endpoint, {name: values.get(name, 1) for name in rule.arguments}, method="POST")
        )

    # --- reading what came ------------------------------------------------------------------------------------------------

    def _links(self, response: TestResponse, text: str) -> Iterator[str]:
        if response.location:
            yield urlsplit(response.location)._replace(scheme="", netloc="", fragment="").geturl()
        if response.content_type.startswith("text/html"):
            for link in _LINK.findall(response.get_data(as_text=True)):
                yield unescape(link).split("#")[0]
        elif response.is_json:
            base = f"/api/v1/campaigns/{self.loaded.slug}"
            for code in _JSON_CODE.findall(text)[:50]:
                yield f"{base}/wishes/{code}"

    def _words(self, response: TestResponse) -> str:
        """Headers and body as text: PDF and workbooks opened, codes in pictures decoded."""
        data, kind = response.get_data(), response.content_type.split(";")[0]
        self.kinds[kind] += 1
        headers = "\n".join(f"{name}: {unquote(value)}" for name, value in response.headers)
        if kind == "application/pdf":
            return headers + "\n" + pdf_words(data)
        if data[:4] == b"PK\x03\x04":
            return headers + "\n" + workbook_text(data)
        text = data.decode("utf-8", "replace")
        return headers + "\n" + (unescape(text) if kind == "text/html" else text)


def pdf_words(data: bytes) -> str:
    """Words, properties and QR codes of a PDF."""
    document = pypdfium2.PdfDocument(io.BytesIO(data))
    found = [str(document.get_metadata_dict())]
    for number, page in enumerate(document):
        found.append(page.get_textpage().get_text_range())
        if number < QR_PAGES:
            found += [code.text for code in zxingcpp.read_barcodes(page.render(scale=2).to_pil())]
    return "\n".join(found)
