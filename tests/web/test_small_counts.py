"""Small counts on public pages are neither told nor to be worked out from what is told."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wishes.reports.public import SMALL, CountyCount, hidden_counties

counties = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 40)), max_size=14).map(
    lambda pairs: [CountyCount(f"3301{n:02}", f"区{n}", done + more, done) for n, (done, more) in enumerate(pairs)]
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(counties)
def test_a_small_count_is_never_told(counts: list[CountyCount]) -> None:
    hidden = hidden_counties(counts)
    assert all(one.code in hidden for one in counts if one.delivered < SMALL or one.shown < SMALL)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(counties)
def test_no_hidden_count_follows_from_the_total_and_the_others(counts: list[CountyCount]) -> None:
    """What a reader knows of a hidden county: the rest of the total, shared among all that are hidden."""
    hidden = hidden_counties(counts)
    rest = sum(one.delivered for one in counts) - sum(one.delivered for one in counts if one.code not in hidden)
    if hidden and len(hidden) < len(counts):
        assert len(hidden) >= 2 and rest >= 2 * SMALL, "each may be anything from none to all of the rest"


def test_where_nothing_is_small_nothing_is_hidden() -> None:
    assert hidden_counties([CountyCount("330101", "甲", 40, 30), CountyCount("330102", "乙", 30, 20)]) == frozenset()


def test_a_single_small_county_takes_the_next_one_with_it() -> None:
    counts = [
        CountyCount("330101", "甲", 40, 30),
        CountyCount("330102", "乙", 30, 25),
        CountyCount("330103", "丙", 12, 3),
    ]
    assert hidden_counties(counts) == {"330102", "330103"}
