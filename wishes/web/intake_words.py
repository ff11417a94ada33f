"""The campaign's own words: what senders write for things, titles and dangers."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wishes.access import require
from wishes.clock import utc_now
from wishes.i18n import Text
from wishes.intake.teaching import BOOKS, forget_word, taught_words, teach_word
from wishes.intake.words import default_words
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
        taught = taught_words(session, g.campaign.id)
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
        added=added,
        lines=lines[:MOST_SHOWN],
        total=len(lines),
        search=search,
    )


@pages.post("/import/words")
def add_word() -> Response:
    book = request.form.get("book", "")
    with database().transaction() as session:
        teach_word(
            session,
            campaign_id=g.campaign.id,
            book=book,
            key=request.form.get("key", ""),
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
