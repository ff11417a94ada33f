"""What coordinators teach: words for the whole campaign, and the meaning of a column for one sender.

A sender is told by place and name as read off the file (``330182|330182103|大慈岩镇``), never by a person; a file that
says neither is known by the account that sent it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from wishes.access import Actor, require
from wishes.errors import Invalid
from wishes.events.actions import record
from wishes.i18n import Text
from wishes.intake.tables import TaughtColumn, TaughtWord
from wishes.intake.understanding import FileReading, SenderMemory
from wishes.intake.understanding.text import tight
from wishes.intake.understanding.things import CATEGORIES
from wishes.intake.words import Addition, default_words
from wishes.model import table_of
from wishes.people.tables import Account

_COLUMN, _WORD, _ACCOUNT = table_of(TaughtColumn), table_of(TaughtWord), table_of(Account)
PLACES = "places"
"""The book of what a sender calls places: the key is the code of the township. Only single senders have one."""
_SENDER_LENGTH, _TITLE_LENGTH, _WORD_LENGTH = 160, 120, 60

# --- columns of one sender ----------------------------------------------------------------------------------------------


def sender_key(reading: FileReading, sent_by: int | None) -> str:
    """Who sent a file, as what is taught is filed under."""
    parts = (reading.county or "", reading.town or "", tight(reading.sender_name))
    return "|".join(parts)[:_SENDER_LENGTH] if any(parts) else f"account|{sent_by or 0}"


@dataclass(frozen=True, slots=True)
class Teaching:
    """What was taught of one sender: columns and places, and words that mean something in their files only."""

    memory: SenderMemory = field(default_factory=SenderMemory)
    words: tuple[Addition, ...] = ()


def teachings(session: Session, campaign_id: int) -> dict[str, Teaching]:
    """Sender → what was taught of them; senders of whom nothing was taught are left out."""
    roles: dict[str, dict[str, str]] = {}
    words: dict[str, list[Addition]] = {}
    places: dict[str, dict[str, str]] = {}
    for sender, title, role in session.execute(
        sa.select(_COLUMN.c.sender, _COLUMN.c.title, _COLUMN.c.role).where(_COLUMN.c.campaign_id == campaign_id)
    ):
        roles.setdefault(sender, {})[title] = role
    for sender, *addition in session.execute(
        sa.select(_WORD.c.sender, _WORD.c.book, _WORD.c.key, _WORD.c.word)
        .where(_WORD.c.campaign_id == campaign_id, _WORD.c.sender != "")
        .order_by(_WORD.c.id)
    ):
        taught = Addition(*addition)
        if taught.book == PLACES:
            places.setdefault(sender, {})[taught.word] = taught.key
        else:
            words.setdefault(sender, []).append(taught)
    return {
        sender: Teaching(
            SenderMemory(roles=roles.get(sender, {}), places=places.get(sender, {})), tuple(words.get(sender, ()))
        )
        for sender in {*roles, *words, *places}
    }


def column_roles() -> tuple[str, ...]:
    """The roles a column may have, in the order of the word file."""
    return tuple(default_words().headers)


def teach_column(
    session: Session, *, campaign_id: int, sender: str, title: str, role: str, actor: Actor, now: datetime
) -> None:
    """Remember what the column *title* of this sender holds; teaching it again replaces it. Raises Invalid, Forbidden."""
    require(actor, "intake.resolve", campaign_id)
    title = title.strip()[:_TITLE_LENGTH]
    if not title:
        raise Invalid("title", Text("没有标题的列不能记住。", "A column without a title cannot be remembered."))
    if role not in column_roles():
        raise Invalid("role", Text("没有这种列。", "There is no such kind of column."))
    same = (_COLUMN.c.campaign_id == campaign_id, _COLUMN.c.sender == sender, _COLUMN.c.title == title)
    values = {"role": role, "taught_by": actor.account_id, "taught_at": now}
    changed = session.execute(sa.update(_COLUMN).where(*same).values(**values))
    if changed.rowcount == 0:  # type: ignore[attr-defined]
        session.execute(sa.insert(_COLUMN).values(campaign_id=campaign_id, sender=sender, title=title, **values))
    record(
        session,
        action="teach_column",
        campaign_id=campaign_id,
        now=now,
        actor=actor,
        data={"title": title, "role": role},
    )


def forget_column(session: Session, *, campaign_id: int, column_id: int, actor: Actor, now: datetime) -> None:
    """Take back what a column of a sender was said to hold. Raises Forbidden."""
    require(actor, "campaign.coordinate", campaign_id)
    gone = session.execute(
        sa.delete(_COLUMN)
        .where(_COLUMN.c.campaign_id == campaign_id, _COLUMN.c.id == column_id)
        .returning(_COLUMN.c.title, _COLUMN.c.role)
    ).one_or_none()
    if gone is not None:
        record(
            session,
            action="forget_column",
            campaign_id=campaign_id,
            now=now,
            actor=actor,
            data={"title": gone.title, "role": gone.role},
        )


@dataclass(frozen=True, slots=True)
class TaughtRole:
    """A column of a sender, what it holds, and who said so."""

    id: int
    sender: str
    title: str
    role: str
    by: str
    at: datetime


def taught_columns(session: Session, campaign_id: int) -> list[TaughtRole]:
    """All columns that were taught, newest first."""
    return [
        TaughtRole(row.id, row.sender, row.title, row.role, row.name or "", row.taught_at)
        for row in session.execute(
            sa.select(_COLUMN, _ACCOUNT.c.name)
            .outerjoin(_ACCOUNT, _ACCOUNT.c.id == _COLUMN.c.taught_by)
            .where(_COLUMN.c.campaign_id == campaign_id)
            .order_by(_COLUMN.c.taught_at.desc(), _COLUMN.c.id)
        )
    ]


def remember_words(
    session: Session, *, campaign_id: int, sender: str, words: Sequence[Addition], actor: Actor, now: datetime
) -> None:
    """Remember for one sender what their words mean; a word taught again means the new thing. Raises Forbidden."""
    require(actor, "intake.resolve", campaign_id)
    for each in words:
        session.execute(
            sa.delete(_WORD).where(
                _WORD.c.campaign_id == campaign_id,
                _WORD.c.sender == sender,
                _WORD.c.book == each.book,
                _WORD.c.word == each.word,
            )
        )
        session.execute(
            sa.insert(_WORD).values(
                campaign_id=campaign_id,
                sender=sender,
                book=each.book,
                key=each.key,
                word=each.word,
                taught_by=actor.account_id,
                taught_at=now,
            )
        )
        record(
            session,
            action="remember_word",
            campaign_id=campaign_id,
            now=now,
            actor=actor,
            data={"book": each.book, "key": each.key, "word": each.word},
        )


# --- words of the campaign ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Book:
    """A word file that coordinators may extend: what it is for, and which keys it has (none: any)."""

    name: str
    label: Text
    help: Text
    keys: tuple[tuple[str, Text], ...] = ()


BOOKS: tuple[Book, ...] = (
    Book(
        "items",
        Text("物品的其他说法", "Other words for a thing"),
        Text(
            "发件人写的词 → 标准物品名。如“奥特曼文具” → “文具套装”。",
            "The sender's word → the thing's usual name.",
        ),
    ),
    Book(
        "heads",
        Text("按词尾归类", "Category by the last word"),
        Text(
            "没见过的物品按最后几个字归类。如“……手账本” → 学习用品。",
            "A thing never seen is put into a category by its last word.",
        ),
        tuple((category, Text(category, category)) for category in CATEGORIES),
    ),
    Book(
        "unsafe",
        Text("不安全的物品", "Unsafe things"),
        Text("出现这些词的心愿不接收。", "Wishes with these words are not accepted."),
        (
            ("unsafe", Text("不安全，不接收", "unsafe: refused")),
            ("safe", Text("看着像，其实安全", "looks alike, but is safe")),
            ("unsure", Text("要人确认", "a person decides")),
        ),
    ),
    Book(
        "cash",
        Text("现金类", "Money and its like"),
        Text("出现这些词的心愿不接收。", "Wishes with these words are not accepted."),
        (
            ("cash", Text("等同现金，不接收", "as good as money: refused")),
            ("safe", Text("只是字面相似", "only sounds like it")),
        ),
    ),
    Book(
        "headers",
        Text("表头的说法", "Titles of columns"),
        Text("发件人怎样写表头。对所有发件人有效。", "How senders title their columns. Holds for all senders."),
        tuple((role, Text(role, role)) for role in default_words().headers),
    ),
    Book(
        "kinds",
        Text("困境类型的说法", "Words for types of need"),
        Text("如“父母在外务工” → 留守。", "What senders write for a type of need."),
        tuple((kind, Text(kind, kind)) for kind in default_words().kinds),
    ),
)


@dataclass(frozen=True, slots=True)
class Taught:
    """A word that was added, for one sender or (``""``) for all, and by whom."""

    id: int
    sender: str
    addition: Addition
    by: str
    at: datetime


def taught_words(session: Session, campaign_id: int) -> list[Taught]:
    """All added words, newest first."""
    return [
        Taught(row.id, row.sender, Addition(row.book, row.key, row.word), row.name or "", row.taught_at)
        for row in session.execute(
            sa.select(_WORD, _ACCOUNT.c.name)
            .outerjoin(_ACCOUNT, _ACCOUNT.c.id == _WORD.c.taught_by)
            .where(_WORD.c.campaign_id == campaign_id)
            .order_by(_WORD.c.id.desc())
        )
    ]


def additions(session: Session, campaign_id: int) -> list[Addition]:
    """The words added for all senders, as the lexicon takes them, oldest first."""
    return [
        Addition(*row)
        for row in session.execute(
            sa.select(_WORD.c.book, _WORD.c.key, _WORD.c.word)
            .where(_WORD.c.campaign_id == campaign_id, _WORD.c.sender == "")
            .order_by(_WORD.c.id)
        )
    ]


def teach_word(
    session: Session, *, campaign_id: int, book: str, key: str, word: str, actor: Actor, now: datetime
) -> None:
    """Add a word to the campaign's own; adding it again changes nothing. Raises Invalid, Forbidden.

    Files that were read before are not read again by it.
    """
    require(actor, "campaign.coordinate", campaign_id)
    key, word = key.strip(), word.strip()
    found = next((each for each in BOOKS if each.name == book), None)
    if found is None or (found.keys and key not in dict(found.keys)) or not 0 < len(key) <= _WORD_LENGTH:
        raise Invalid("key", Text("请选择这个词归到哪里。", "Choose what the word belongs to."))
    if not 0 < len(word) <= _WORD_LENGTH or any(c in word for c in "\t\r\n"):
        raise Invalid("word", Text("请填写 1 至 60 个字的词。", "Give a word of 1 to 60 characters."))
    values = {"campaign_id": campaign_id, "sender": "", "book": book, "key": key, "word": word}
    if session.execute(sa.select(_WORD.c.id).filter_by(**values)).first():
        return
    session.execute(sa.insert(_WORD).values(**values, taught_by=actor.account_id, taught_at=now))
    record(
        session,
        action="teach_word",
        campaign_id=campaign_id,
        now=now,
        actor=actor,
        data={"book": book, "key": key, "word": word},
    )


def forget_word(session: Session, *, campaign_id: int, word_id: int, actor: Actor, now: datetime) -> None:
    """Take an added word back. The words shipped with the product stay. Raises Forbidden."""
    require(actor, "campaign.coordinate", campaign_id)
    gone = session.execute(
        sa.delete(_WORD)
        .where(_WORD.c.campaign_id == campaign_id, _WORD.c.id == word_id)
        .returning(_WORD.c.book, _WORD.c.key, _WORD.c.word)
    ).one_or_none()
    if gone is not None:
        record(
            session,
            action="forget_word",
            campaign_id=campaign_id,
            now=now,
            actor=actor,
            data={"book": gone.book, "key": gone.key, "word": gone.word},
        )
