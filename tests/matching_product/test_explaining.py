"""What a run says: why this taker, why nobody, where one more helps, what would change. All of it from numbers that hold."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from tests.factories import NOW
from tests.matching_product.town import FAR, NEAR, Town, branch, make_town, person, takers_of, wish
from wishes.campaigns.queries import rules_of
from wishes.claims.match_advice import Change, advise
from wishes.claims.match_browse import browse_order
from wishes.claims.match_finding import Matched, decide, match, why_chosen
from wishes.claims.match_looking import look
from wishes.claims.match_reasons import unmatched_groups
from wishes.claims.match_report import names_of
from wishes.claims.match_whatif import Changes, Remembered, compare, save_weights
from wishes.claims.match_words import Names, advised, left, left_together, why
from wishes.claims.matching import run
from wishes.claims.tables import Proposal
from wishes.cli import cli
from wishes.db import Database
from wishes.errors import Forbidden, Invalid
from wishes.intake.wishes import Filter
from wishes.settings import Settings


@pytest.fixture
def town(database: Database) -> Town:
    with database.transaction() as session:
        return make_town(session)


def find(database: Database, town: Town) -> Matched:
    with database.reading() as session:
        return match(session, campaign_id=town.id, actor=town.coordinator, now=NOW)


def test_the_reasons_kept_with_a_proposal_add_up_to_its_cost(database: Database, town: Town) -> None:
    with database.transaction() as session:
        branch(session, town, liked=["book"])
        wish(session, town)
    run(database, campaign_id=town.id, actor=town.coordinator, now=NOW)
    with database.reading() as session:
        cost, told = session.execute(sa.select(Proposal.cost, Proposal.criteria)).one()  # type: ignore[call-overload]
    assert told["points"]["category"] == 20.0 and told["points"]["pairing"] == 5.0 and told["km"] < 5
    assert cost == pytest.approx(sum(told["points"].values()) * 1000, abs=1)


def test_the_next_best_costs_at_least_what_is_said(database: Database, town: Town) -> None:
    """Forcing the wish onto the next best taker and solving again costs no less than the run told."""
    with database.transaction() as session:
        for i in range(4):
            branch(session, town, count=3, fen=40_000, county=NEAR if i % 2 else FAR, liked=["study"] if i < 2 else [])
        for i in range(10):
            wish(session, town, far=i % 2 == 0, price_fen=5_000 + 500 * i, category=("study", "book", "toy")[i % 3])
    found = find(database, town)
    rows = np.flatnonzero(found.plan.taker >= 0)
    for row, told in zip(rows.tolist(), why_chosen(found, rows), strict=True):
        forced = int(found.plan.next_taker[row])
        others = np.setdiff1d(np.arange(len(found.seen.takers)), [forced])
        seen = replace(
            found.seen, not_wish=np.concatenate([found.seen.not_wish, np.full(len(others), row)]),
            not_taker=np.concatenate([found.seen.not_taker, others]),
        )  # fmt: skip
        again = decide(seen, found.settings, campaign_id=town.id).plan
        assert again.cost >= found.plan.lower_bound + told["next"]["more"] * 1000 - 10


def test_who_was_left_is_counted_by_district_need_and_reason(database: Database, town: Town) -> None:
    with database.transaction() as session:
        person(session, town, qualification="咨询师", limit=1)
        for _ in range(4):
            wish(session, town, need="psych", category="psych", far=True)
        wish(session, town)
    found = find(database, town)
    groups = unmatched_groups(found.seen, found.table, found.plan)
    told = {(g["need"], g["county"], g["reason"]): g["count"] for g in groups}
    assert told == {("psych", FAR, "count"): 3, ("none", NEAR, "need"): 1}
    with database.reading() as session:
        words = [left(group, names_of(session, town.id)) for group in groups]
    assert "3 个心理支持心愿没有着落" in words[0].zh and "3 counselling wishes without a taker" in words[0].en
    assert "1 位在 60 公里内" in words[0].zh


def test_the_same_reason_in_several_districts_is_told_once() -> None:
    def group(need: str, county: str, count: int) -> dict[str, Any]:
        return {
            "need": need,
            "county": county,
            "reason": "count",
            "count": count,
            "able": 4,
            "nearest_km": 12.0,
            "within_60_km": 2,
        }

    groups = [group("psych", NEAR, 3), group("psych", FAR, 9), group("none", NEAR, 2)]
    names = Names(counties={NEAR: "上城区", FAR: "淳安县"})
    counsel, goods = left_together(groups, names)
    assert (
        counsel.count == 12 and "12 个心理支持心愿没有着落" in counsel.words.zh and "(2 districts)" in counsel.words.en
    )
    assert [place.zh for place in counsel.districts] == ["淳安县 9（60 公里内 2 位）", "上城区 3（60 公里内 2 位）"]
    assert goods.words == left(groups[2], names) and not goods.districts


def test_nobody_near_is_said_with_the_distance(database: Database, town: Town) -> None:
    with database.transaction() as session:
        session.execute(sa.text("UPDATE place SET lat = 28.5 WHERE code LIKE '330127%'"))
        person(session, town, limit=1)
        for _ in range(3):
            wish(session, town, need="vetted", category="companionship", far=True)
    found = find(database, town)
    (group,) = unmatched_groups(found.seen, found.table, found.plan)
    with database.reading() as session:
        words = left(group, names_of(session, town.id))
    assert group["within_60_km"] == 0 and group["nearest_km"] > 150
    assert "60 公里内一位也没有" in words.zh and "none within 60 km" in words.en


def test_advice_brings_what_it_says(database: Database, town: Town) -> None:
    with database.transaction() as session:
        branch(session, town, count=20, fen=50_000)
        for _ in range(9):
            wish(session, town, price_fen=10_000)
        person(session, town, limit=2)
        for _ in range(6):
            wish(session, town, need="vetted", category="companionship")
    found = find(database, town)
    pieces = advise(found)
    assert {piece["kind"] for piece in pieces} == {"people", "budget"}
    before = int((found.plan.taker >= 0).sum())
    for piece in pieces:
        taker = -1
        if piece["branch_id"] is not None:
            taker = int(np.flatnonzero(found.seen.takers.branch_ids == piece["branch_id"])[0])
        seen = Change(piece["kind"], piece["more"], piece["need"], piece["county"], taker).applied(found.seen)
        after = int((decide(seen, found.settings, campaign_id=town.id).plan.taker >= 0).sum())
        assert after - before == piece["serves"] > 0
    with database.reading() as session:
        words = [advised(piece, names_of(session, town.id)) for piece in pieces]
    assert all(
        str(piece["serves"]) in text.zh and str(piece["serves"]) in text.en
        for piece, text in zip(pieces, words, strict=True)
    )


def test_no_advice_where_nothing_is_missing(database: Database, town: Town) -> None:
    with database.transaction() as session:
        branch(session, town)
        wish(session, town)
    assert advise(find(database, town)) == []


def test_sentences_name_the_taker_the_distance_and_the_next_best(database: Database, town: Town) -> None:
    with database.transaction() as session:
        branch(session, town, liked=["study"])
        other = branch(session, town, county=FAR)
        wish(session, town)
    found = find(database, town)
    with database.reading() as session:
        names = names_of(session, town.id)
    words = why(why_chosen(found, np.array([0]))[0], names)
    assert "是其偏好的类别" in words[0].zh and "a category they asked for" in words[0].en
    assert names.branches[other] in words[-1].zh and "at least" in words[-1].en


def test_weights_are_tried_before_they_are_saved(database: Database, town: Town) -> None:
    with database.transaction() as session:
        branch(session, town, county=FAR, liked=["study"])
        branch(session, town)
        wish(session, town)
    asked = Changes(weights={"distance": 100.0, "category": 0.0})
    with database.reading() as session:
        told = compare(
            session, campaign_id=town.id, actor=town.coordinator, now=NOW, changes=asked, plans=Remembered()
        ).figures()
        assert rules_of(session, town.id).weights.distance == 10.0, "trying changes nothing"
    assert (told["kept"], told["moved"]) == (0, 1) and told["then"]["median_km"] < told["now"]["median_km"]
    assert [row["change"] for row in told["losers"]] == [-1] and [row["change"] for row in told["winners"]] == [1]
    with database.transaction() as session:
        save_weights(session, campaign_id=town.id, actor=town.coordinator, now=NOW, weights={"distance": 100.0})
    with database.reading() as session:
        assert rules_of(session, town.id).weights.distance == 100.0
        assert rules_of(session, town.id).weights.category == 20.0


def test_more_people_and_pledges_are_tried_without_touching_the_registers(database: Database, town: Town) -> None:
    with database.transaction() as session:
        pledged = branch(session, town, count=1)
        for _ in range(3):
            wish(session, town)
        for _ in range(2):
            wish(session, town, need="vetted", category="companionship")
    asked = Changes(pledges={pledged: (2, 0)}, people={("vetted", NEAR): 1})
    with database.reading() as session:
        told = compare(
            session, campaign_id=town.id, actor=town.coordinator, now=NOW, changes=asked, plans=Remembered()
        ).figures()
        assert look(session, town.id, rules=rules_of(session, town.id), now=NOW).takers.count_cap.max() == 1
    assert (told["now"]["matched"], told["then"]["matched"], told["newly_matched"], told["no_longer_matched"]) == (
        1,
        5,
        4,
        0,
    )


@pytest.mark.parametrize("asked", [Changes(weights={"distance": 101.0}), Changes(weights={"luck": 1.0}), Changes(pledges={10**6: (1, 0)}), Changes(people={("vetted", "999999"): 1})])  # fmt: skip
def test_nonsense_is_refused_before_any_work(database: Database, town: Town, asked: Changes) -> None:
    with database.transaction() as session:
        branch(session, town)
        wish(session, town)
    with pytest.raises(Invalid), database.reading() as session:
        compare(session, campaign_id=town.id, actor=town.coordinator, now=NOW, changes=asked, plans=Remembered())


def test_only_coordinators_save_weights(database: Database, town: Town) -> None:
    with pytest.raises(Forbidden), database.transaction() as session:
        save_weights(session, campaign_id=town.id, actor=town.place.secretary, now=NOW, weights={"distance": 1.0})


def test_browsing_shows_what_suits_first_and_only_what_may_be_claimed(database: Database, town: Town) -> None:
    with database.transaction() as session:
        mine = branch(session, town, liked=["book"], fen=20_000)
        liked = wish(session, town, category="book")
        far = wish(session, town, far=True, category="toy")
        wish(session, town, price_fen=25_000)
        counsel = wish(session, town, need="psych", category="psych")
    with database.reading() as session:
        rules = rules_of(session, town.id)
        page, total = browse_order(session, town.id, rules=rules, now=NOW, branch_id=mine)
        assert [s.wish_id for s in page] == [liked, far] and total == 2 and page[0].suits
        assert page[0].km < page[1].km and counsel not in [s.wish_id for s in page]
        narrowed = browse_order(session, town.id, rules=rules, now=NOW, branch_id=mine, narrowed=Filter(category="toy"))
        assert [s.wish_id for s in narrowed[0]] == [far]
        assert browse_order(session, town.id, rules=rules, now=NOW, branch_id=10**6) == ([], 0)


def test_the_command_reports_wish_by_wish_and_proposes_nothing_when_dry(
    settings: Settings, database: Database, town: Town
) -> None:
    with database.transaction() as session:
        branch(session, town, count=1)
        for _ in range(2):
            wish(session, town)

    class Desk:
        def __init__(self) -> None:
            self.database, self.settings, self.keyring, self.said = database, settings, None, ""

        def progress(self, text: str) -> None:
            self.said += text

        def emit(self, result: object, as_json: bool) -> None:
            print(json.dumps(result, ensure_ascii=False))

    arguments = ["match", "--campaign", town.place.slug, "--json"]
    dry = CliRunner().invoke(cli, [*arguments, "--dry-run"], obj=Desk(), catch_exceptions=False)
    with database.reading() as session:
        assert takers_of(session, town) == {}
    wet = CliRunner().invoke(cli, arguments, obj=Desk(), catch_exceptions=False)
    planned, done = json.loads(dry.stdout), json.loads(wet.stdout)
    with database.reading() as session:
        assert len(takers_of(session, town)) == done["proposed"] == 1
    for report in (planned, done):
        (taken,), (waiting,) = report["wishes_matched"], report["wishes_unmatched"]
        assert taken["taker"] and taken["why"][0]["zh"] and taken["cost"] > 0 and waiting["reason"] == "count"
        assert report["lower_bound"] <= report["points"] and {"advice", "unmatched_groups", "gap"} <= set(report)
