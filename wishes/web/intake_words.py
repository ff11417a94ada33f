"""The campaign's own words: what senders write for things, titles and dangers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from flask import flash, g, redirect, render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from wishes.access import require
from wishes.campaigns.queries import place_names
from wishes.clock import utc_now
from wishes.errors import Invalid
from wishes.i18n import Text
from wishes.intake.reader import reader_for
from wishes.intake.teaching import (
    BOOKS,
    PLACES,
    Taught,
    TaughtRole,
    forget_column,
    forget_word,
    taught_columns,
    taught_words,
    teach_word,
)
from wishes.intake.understanding.things import CATEGORIES
from wishes.intake.words import default_words
from wishes.model import table_of
from wishes.people.tables import Account
from wishes.web.context import t
from wishes.web.identity import database, signed_in
from wishes.web.intake_pages import pages
from wishes.web.intake_wording import ROLE, TYPE
from wishes.web.wording import CATEGORY

MOST_SHOWN = 60


@pages.get("/import/words")
def words() -> str:
    require(signed_in(), "campaign.coordinate", g.campaign.id)
    search = request.args.get("q", "").strip()[:40]
    book = request.args.get("book", BOOKS[0].name)
    chosen = next((each for each in BOOKS if each.name == book), BOOKS[0])
    with database().reading() as session:
        every, columns = taught_words(session, g.campaign.id), taught_columns(session, g.campaign.id)
        places = place_names(session, g.campaign.id)
        habits = _habits(every, columns, _sender_names(session, places), places)
    taught = [each for each in every if not each.sender]
    added = [
        {
            "id": each.id,
            "key": _key_label(chosen.name, each.addition.key),
            "word": each.addition.word,
            "by": each.by,
            "at": each.at,
        }
        for each in taught
        if each.addition.book == chosen.name
    ]
    lines = _shipped(chosen.name, search)
    return render_template(
        "intake/words.html",
        book=chosen,
        tabs=[
            {
                "label": t(each.label),
                "url": url_for("intake.words", book=each.name),
                "current": each is chosen,
                "count": sum(one.addition.book == each.name for one in taught) or None,
            }
            for each in BOOKS
        ],
        keys=[(key, _key_label(chosen.name, key, label)) for key, label in chosen.keys],
        items=[item.name for item in default_words().items],
        categories=[(key, t(CATEGORY[key])) for key in CATEGORIES],
        habits=habits,
        added=added,
        lines=lines[:MOST_SHOWN],
        total=len(lines),
        search=search,
    )


def _sender_names(session: Session, places: Mapping[str, str]) -> Callable[[str], str]:
    """How the key of a sender reads: place and name, or the account."""

    def name(sender: str) -> str:
        if sender.startswith("account|"):
            account = table_of(Account)
            number = int(sender.removeprefix("account|"))
            return session.execute(sa.select(account.c.name).where(account.c.id == number)).scalar() or sender
        county, town, said = sender.split("|", 2)
        return " ".join(dict.fromkeys(filter(None, (places.get(county), places.get(town), said)))) or sender

    return name


def _habits(
    words: Sequence[Taught], columns: Sequence[TaughtRole], name: Callable[[str], str], places: Mapping[str, str]
) -> list[dict[str, Any]]:
    """What is remembered of single senders, by sender."""
    found: dict[str, list[dict[str, Any]]] = {}
    for role in columns:
        meaning = t(ROLE[role.role]) if role.role in ROLE else role.role
        found.setdefault(role.sender, []).append(
            {
                "what": t("列", "Column"),
                "said": role.title,
                "meaning": meaning,
                "by": role.by,
                "at": role.at,
                "url": url_for("intake.forget_role", column_id=role.id),
            }
        )
    for each in words:
        if each.sender:
            of_places = each.addition.book == PLACES
            book = next((t(one.label) for one in BOOKS if one.name == each.addition.book), t("地点", "Place"))
            key = each.addition.key
            found.setdefault(each.sender, []).append(
                {
                    "what": book,
                    "said": each.addition.word,
                    "meaning": places.get(key, key) if of_places else _key_label(each.addition.book, key),
                    "by": each.by,
                    "at": each.at,
                    "url": url_for("intake.remove_word", word_id=each.id),
                }
            )
    return [{"sender": name(sender), "lines": lines} for sender, lines in found.items()]


@pages.post("/import/words/columns/<int:column_id>/remove")
def forget_role(column_id: int) -> Response:
    with database().transaction() as session:
        forget_column(session, campaign_id=g.campaign.id, column_id=column_id, actor=signed_in(), now=utc_now())
    flash(t("已忘掉。", "Forgotten."), "good")
    return redirect(url_for("intake.words"))


@pages.post("/import/words")
def add_word() -> Response:
    book, key, category = (request.form.get(name, "").strip() for name in ("book", "key", "category"))
    with database().transaction() as session:
        if book == "items" and key:
            if category in CATEGORIES:
                key = f"{key}/{category}"
            elif not reader_for(session, g.campaign.id).lexicon.things.read(key).category:
                raise Invalid(
                    "category",
                    Text("目录里没有“{key}”，请选类别。", "“{key}” is not known: choose a category."),
                    key=key,
                )
        teach_word(
            session,
            campaign_id=g.campaign.id,
            book=book,
            key=key,
            word=request.form.get("word", ""),
            actor=signed_in(),
            now=utc_now(),
        )
    flash(t("已加入词表，下一份文件起生效。", "Added; it holds from the next file on."), "good")
    return redirect(url_for("intake.words", book=book))


@pages.post("/import/words/<int:word_id>/remove")
def remove_word(word_id: int) -> Response:
    with database().transaction() as session:
        forget_word(session, campaign_id=g.campaign.id, word_id=word_id, actor=signed_in(), now=utc_now())
    flash(t("已去掉。", "Removed."), "good")
    return redirect(url_for("intake.words", book=request.form.get("book", "")))


def _key_label(book: str, key: str, label: Text | None = None) -> str:
    if book == "items":
        name, _, category = key.partition("/")
        return f"{name}（{t(CATEGORY[category])}）" if category in CATEGORY else name
    if book == "heads":
        category, _, size = key.partition("/")
        return t(CATEGORY[category]) + (f" / {size}" if size else "")
    if book == "headers" and key in ROLE:
        return t(ROLE[key])
    if book == "kinds" and key in TYPE:
        return t(TYPE[key])
    found = label or next(
        (words for each in BOOKS if each.name == book for name, words in each.keys if name == key), None
    )
    return t(found) if found else key


def _shipped(book: str, search: str) -> list[tuple[str, str]]:
    """(key, words) of the product's own file, narrowed by a search."""
    words = default_words()
    if book == "items":
        lines = [(item.name, " ".join(item.synonyms)) for item in words.items]
    else:
        lines = [(_key_label(book, key), " ".join(each)) for key, each in getattr(words, book).items()]
    return [(key, said) for key, said in lines if search in key or search in said]
