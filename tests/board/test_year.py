"""A campaign of a few months, lived through on a simulated clock by the real actions and sweeps; its books agree."""

from __future__ import annotations

from benchmarks.year import run
from wishes.settings import Settings


def test_a_whole_campaign_is_lived_through_and_its_books_agree(sqlite_settings: Settings) -> None:
    found = run(sqlite_settings, wishes=40, days=55)
    assert sum(found["stages_at_the_end"].values()) == 40
    assert found["done"]["hand over"] > 15 and found["done"]["proposed"] > 8
    assert found["swept"]["remind"] > 3
    assert len(found["books"]) >= 15
