"""The board's pages as a coordinator, a volunteer and a stranger with a link see them; on both databases."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask

from benchmarks.board_world import SLUG, generate
from tests.factories import Place, code_of, insert, make_campaign, make_wish
from tests.web.house import findings
from tests.web.people import Person
from wishes.access import Actor, Grant, Role
from wishes.claims import actions as claims
from wishes.claims.tables import Branch
from wishes.clock import utc_now
from wishes.db import Database
from wishes.events.actions import move
from wishes.intake.tables import Wish
from wishes.lifecycle import Status
from wishes.people.tables import Account
from wishes.tracking.forecast_queries import forecasts, learnt_today
from wishes.tracking.ledger import Narrow
from wishes.tracking.queries import open_clock
from wishes.web.board_export import Sheet, harmless, table, workbook
from wishes.web.board_figures import Asked, _Show


@pytest.fixture
def late_wish(database: Database, place: Place) -> int:
    """Claimed so long ago that it is overdue."""
    with database.transaction() as session:
        wish_id = make_wish(session, place)
        claims.claim(
            session, wish_id=wish_id, actor=place.volunteer, now=utc_now() - timedelta(days=15),
            volunteer_id=place.volunteer_id,
        )  # fmt: skip
    return wish_id


def status_of(database: Database, wish_id: int) -> Status:
    with database.reading() as session:
        return Status(session.execute(sa.select(Wish.status).where(Wish.id == wish_id)).scalar_one())  # type: ignore[call-overload]


def test_a_late_wish_heads_the_desk_and_one_tap_takes_it_back(
    database: Database, place: Place, coordinator: Person, late_wish: int
) -> None:
    desk = f"/c/{place.slug}/desk"
    page = coordinator.get(desk)
    with database.reading() as session:
        code = code_of(session, late_wish)
    assert code in page.text and "已超期 5 天" in page.text
    refused = coordinator.post(f"/c/{place.slug}/board/act", desk, action="take_back", ids=str(late_wish), reason="")
    assert refused.status_code == 302 and status_of(database, late_wish) is Status.CLAIMED
    coordinator.post(f"/c/{place.slug}/board/act", desk, action="take_back", ids=str(late_wish), reason="没有回应")
    assert status_of(database, late_wish) is Status.OPEN


def test_the_reserve_is_offered_where_there_is_one(
    database: Database, place: Place, coordinator: Person, late_wish: int
) -> None:
    desk = f"/c/{place.slug}/desk"
    assert "用应急物资" not in coordinator.get(desk).text
    with database.transaction() as session:
        reserve_id = insert(session, Branch, campaign_id=place.id, name="仓库", kind="reserve", created_at=utc_now())
    assert "用应急物资" in coordinator.get(desk).text
    coordinator.post(f"/c/{place.slug}/board/act", desk, action="reserve", ids=str(late_wish), reserve=str(reserve_id))
    with database.reading() as session:
        taker = session.execute(sa.select(Wish.taker_branch_id).where(Wish.id == late_wish)).scalar_one()  # type: ignore[call-overload]
    assert taker == reserve_id


def test_another_campaign_s_wish_is_not_touched(
    app: Flask, database: Database, place: Place, coordinator: Person
) -> None:
    with database.transaction() as session:
        elsewhere = make_campaign(session)
        foreign = make_wish(session, elsewhere, status=Status.OPEN)
        claims.claim(
            session, wish_id=foreign, actor=elsewhere.volunteer, now=utc_now(), volunteer_id=elsewhere.volunteer_id
        )
    coordinator.post(
        f"/c/{place.slug}/board/act", f"/c/{place.slug}/deadlines", action="take_back", ids=str(foreign), reason="慢"
    )
    assert status_of(database, foreign) is Status.CLAIMED


def test_every_figure_leads_to_as_many_wishes_as_it_says(app: Flask, database: Database) -> None:
    made = generate(database, 1500, now=utc_now())
    person = Person(app, (Grant(Role.COORDINATOR, made.campaign_id),))
    page = person.get(f"/c/{SLUG}/gaps").text
    cells = re.findall(r'<td class="num"[^>]*><a href="([^"]+)">([\d,]+)</a></td>', page)
    assert len(cells) > 20
    seen = {"late": 0, "aged": 0, "under_way": 0}
    for address, count in cells:
        listed = person.get(address.replace("&amp;", "&")).text
        total = re.search(r'filters__total"[^>]*>共 ([\d,]+) 条', listed)
        assert total is not None and total[1] == count, address
        for kind in seen:
            seen[kind] += kind in address
    assert all(seen.values()), seen


def test_the_board_draws_from_tables_and_narrows(app: Flask, database: Database) -> None:
    made = generate(database, 1500, now=utc_now())
    person = Person(app, (Grant(Role.COORDINATOR, made.campaign_id),))
    page = person.get(f"/c/{SLUG}/gaps?by=category&measure=published_to_delivery").text
    for kind in ("lines", "areas", "bars", "places"):
        figure = page.split(f'data-chart="{kind}"')[1].split("</figure>")[0]
        assert "<table" in figure and "<td" in figure, kind
    narrowed = person.get(f"/c/{SLUG}/gaps?county=330127").text
    assert narrowed.count("data-lat=") == 1 < page.count("data-lat=")
    as_then = person.get(f"/c/{SLUG}/gaps?as_of=2026-01-01T10:00").text
    assert "当时的时间差" in as_then
    assert person.get(f"/c/{SLUG}/gaps?as_of=then").status_code == 422


def test_an_export_holds_the_board_s_figures_and_no_formula(app: Flask, database: Database) -> None:
    made = generate(database, 800, now=utc_now())
    with database.transaction() as session:
        evil = insert(
            session, Branch, campaign_id=made.campaign_id, name='=HYPERLINK("http://x")', created_at=utc_now()
        )
        session.execute(sa.text("UPDATE wish SET taker_branch_id = :evil WHERE status = 'claimed'"), {"evil": evil})
    person = Person(app, (Grant(Role.COORDINATOR, made.campaign_id),))
    told = person.get(f"/c/{SLUG}/board/export.csv?panel=groups")
    lines = list(csv.reader(io.StringIO(told.data.decode("utf-8-sig"))))
    assert len(lines) == 14 and sum(int(line[1]) for line in lines[1:]) > 500
    book = openpyxl.load_workbook(io.BytesIO(person.get(f"/c/{SLUG}/board/export.xlsx").data))
    assert len(book.sheetnames) == 7
    assert all(cell.data_type != "f" for sheet in book for row in sheet.iter_rows() for cell in row)
    assert person.get(f"/c/{SLUG}/board/export.pdf").status_code == 404


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_no_cell_becomes_a_formula(text: str) -> None:
    sheet = Sheet("表", ["名称"], [[text]])
    assert harmless(text) == f"'{text}" and f"'{text}"[:2] in table(sheet).decode("utf-8-sig")
    cell = openpyxl.load_workbook(io.BytesIO(workbook([sheet]))).active["A2"]
    assert cell.data_type == "s"


def test_a_shared_link_shows_figures_to_a_stranger_and_nothing_else(app: Flask, database: Database) -> None:
    made = generate(database, 1500, now=utc_now())
    person = Person(app, (Grant(Role.COORDINATOR, made.campaign_id),))
    answer = person.post(f"/c/{SLUG}/board/share", f"/c/{SLUG}/gaps", label="给捐赠方", days="7")
    address = re.search(rf"(/c/{SLUG}/shared/[\w-]+)", answer.text)
    assert answer.status_code == 200 and address is not None and not findings(answer.text)
    assert answer.mimetype == Person(app).get(address[1]).mimetype == "text/html"
    stranger = Person(app).get(address[1])
    assert stranger.status_code == 200 and "给捐赠方" in stranger.text and "中位数" in stranger.text
    main = stranger.text.split("<main", 1)[1].split("</main>")[0]
    assert "支部" not in main and "/wishes" not in main and "W00" not in main
    small = [int(n.replace(",", "")) for n in re.findall(r'<td class="num"(?: data-v="\d+")?>([\d,]+)</td>', main)]
    shown = [int(n.replace(",", "")) for n in re.findall(r'<td class="num"[^>]*>([\d,]+)</td>', main)]
    assert small and all(n == 0 or n >= 10 for n in shown), shown
    view = re.search(r"/board/share/(\d+)/revoke", person.get(f"/c/{SLUG}/gaps").text)
    assert view is not None
    person.post(f"/c/{SLUG}/board/share/{view[1]}/revoke", f"/c/{SLUG}/gaps")
    assert Person(app).get(address[1]).status_code == 404


def test_deadlines_are_set_on_a_page_that_says_how_many_moved(
    app: Flask, place: Place, coordinator: Person, late_wish: int, database: Database
) -> None:
    page = f"/c/{place.slug}/deadlines"
    typed = {
        "days-claimed": "20",
        "kind-claimed-0": "remind",
        "at-claimed-0": "-2",
        "kind-claimed-1": "release",
        "at-claimed-1": "7",
    }
    assert coordinator.post(page, page, **typed).status_code == 302
    assert "1 个正在计时的心愿改了期限" in coordinator.get(page).text
    with database.reading() as session:
        clock = open_clock(session, late_wish)
    assert clock is not None and clock.due_at > utc_now()
    wrong = coordinator.post(page, page, **{**typed, "at-claimed-1": "soon"})
    assert wrong.mimetype == "text/html" and not findings(wrong.text)
    assert wrong.status_code == 422 and "soon" in wrong.text and 'value="20"' in wrong.text
    secretary = Person(app, place.secretary.grants)
    assert secretary.get(page).status_code == 403


def test_a_volunteer_answers_the_deadline(app: Flask, database: Database, place: Place, late_wish: int) -> None:
    with database.reading() as session:
        page = f"/c/{place.slug}/wishes/{code_of(session, late_wish)}"
    volunteer = Person(app, place.volunteer.grants)
    assert "知道了" in volunteer.get(page).text
    volunteer.post(f"{page}/clock/acknowledge", page)
    until = (utc_now() + timedelta(days=3)).date().isoformat()
    assert "知道了" not in volunteer.get(page).text
    volunteer.post(f"{page}/clock/postpone", page, until=until, reason="店里缺货")
    with database.reading() as session:
        clock = open_clock(session, late_wish)
    assert clock is not None and clock.due_at > utc_now() + timedelta(days=2)
    assert "说明要晚几天" in volunteer.get(page).text and "店里缺货" in volunteer.get(page).text


def test_a_row_carries_its_forecast_or_says_that_there_is_too_little_data(
    app: Flask, place: Place, coordinator: Person, late_wish: int
) -> None:
    with app.extensions[
        "microwish.database"
    ].reading() as session:  # what was learnt is kept with the process's database
        learnt_today(session, place.id, now=utc_now())
        told = forecasts(session, place.id, [late_wish], now=utc_now())
    assert told[late_wish].facts() == {"too_little_data": True}
    assert "数据太少" in coordinator.get(f"/c/{place.slug}/desk").text


def test_the_forecast_of_a_full_campaign_is_a_day_within_its_interval(database: Database) -> None:
    now = utc_now()
    made = generate(database, 3000, now=now)
    with database.reading() as session:
        ids = list(session.execute(sa.select(Wish.id).where(Wish.status == Status.CLAIMED)).scalars())  # type: ignore[call-overload]
        found = forecasts(session, made.campaign_id, ids, now=now)
    assert len(found) == len(ids) > 50
    known = [one for one in found.values() if one.delivered_on]
    assert len(known) > 0.8 * len(ids)
    for one in known:
        assert one.earliest_on is not None and one.earliest_on <= one.delivered_on  # type: ignore[operator]
        assert one.latest_on is None or one.delivered_on <= one.latest_on  # type: ignore[operator]
        assert one.miss_chance is not None and 0 <= one.miss_chance <= 1


@pytest.mark.parametrize("path", ["gaps", "gaps/figures", "desk", "board/now", "wishes", "board/export.csv"])
def test_filters_that_cannot_be_are_left_out(coordinator: Person, place: Place, path: str) -> None:
    huge = "9" * 40
    answer = coordinator.get(f"/c/{place.slug}/{path}?branch={huge}&community={huge}&county=%00&category=x&by=nothing")
    assert answer.status_code == 200


def test_two_periods_stand_side_by_side(app: Flask, database: Database) -> None:
    made = generate(database, 1500, now=utc_now())
    person = Person(app, (Grant(Role.COORDINATOR, made.campaign_id),))
    page = person.get(f"/c/{SLUG}/gaps/compare?measure=published_to_delivery").text
    assert "前一段" in page and "中位天数" in page and 'data-chart="lines"' in page
    today = utc_now().date()
    first, second = (today - timedelta(days=100)).isoformat(), (today - timedelta(days=50)).isoformat()
    asked = f"first_from={first}&first_to={second}&second_from={second}&second_to={today.isoformat()}"
    assert f'value="{first}"' in person.get(f"/c/{SLUG}/gaps/compare?{asked}").text
    backwards = person.get(
        f"/c/{SLUG}/gaps/compare?first_from={second}&first_to={first}&second_from={first}&second_to={second}"
    )
    assert backwards.status_code == 422 and "结束早于开始" in backwards.text


def test_a_figure_of_the_whole_leads_to_as_many_wishes(app: Flask, database: Database) -> None:
    made = generate(database, 900, now=utc_now())
    person = Person(app, (Grant(Role.COORDINATOR, made.campaign_id),))
    for measure in ("claim_to_delivery", "published_to_delivery", "claimed"):
        page = person.get(f"/c/{SLUG}/gaps?measure={measure}").text
        tiles = re.findall(r'<a class="stretched" href="([^"]+)">[^<]+</a></p>\s*<p class="stat__value">([\d,]+)', page)
        assert len(tiles) >= 2
        for address, count in tiles:
            listed = person.get(address.replace("&amp;", "&")).text
            total = re.search(r'filters__total"[^>]*>共 ([\d,]+) 条', listed)
            assert total is not None and total[1] == count, (measure, address)


def test_where_one_small_part_is_hidden_another_hides_it(app: Flask, database: Database) -> None:
    """A sum and all parts but one tell the last one."""
    shared = _Show(Asked(1, Narrow(), "open", "county", utc_now(), shared=True))
    assert shared.parts([40, 3, 12, 90]) == [40, "< 10", "…", 90]
    assert shared.parts([3, 4, 90]) == ["< 10", "< 10", 90]
    assert shared.parts([40, 0, 12]) == [40, 0, 12] and shared.parts([0, 3]) == [0, "< 10"]
    mine = _Show(Asked(1, Narrow(), "open", "county", utc_now()))
    assert mine.parts([40, 3, 12]) == [40, 3, 12]


def test_a_wish_s_page_tells_when_it_will_likely_arrive(app: Flask, database: Database) -> None:
    made = generate(database, 2000, now=utc_now())
    person = Person(app, (Grant(Role.COORDINATOR, made.campaign_id),))
    with app.extensions["microwish.database"].reading() as session:
        learnt_today(session, made.campaign_id, now=utc_now())
        code = session.execute(sa.select(Wish.code).where(Wish.status == Status.IN_TRANSIT).limit(1)).scalar_one()  # type: ignore[call-overload]
    page = person.get(f"/c/{SLUG}/wishes/{code}").text
    assert "预计送达" in page and "八成把握在" in page


def test_couriers_are_told_apart_by_name(app: Flask, database: Database, place: Place) -> None:
    with database.transaction() as session:
        courier = insert(session, Account, login="courier@example.org", name="送货员一", created_at=utc_now())
        ids = [make_wish(session, place) for _ in range(2)]
        for wish_id in ids:
            claims.claim(
                session, wish_id=wish_id, actor=place.volunteer, now=utc_now(), volunteer_id=place.volunteer_id
            )
            keeper = Actor(courier, "", place.coordinator.grants)
            for name in ("prepare", "inspect", "dispatch"):
                move(session, name, wish_id=wish_id, actor=keeper, now=utc_now())
    person = Person(app, place.coordinator.grants)
    page = person.get(f"/c/{place.slug}/gaps?by=courier&measure=in_transit").text
    assert "送货员一" in page.split('id="groups"')[1]


def test_a_late_wish_is_reassigned_from_the_desk(
    database: Database, place: Place, coordinator: Person, late_wish: int
) -> None:
    desk = f"/c/{place.slug}/desk"
    assert "改派" in coordinator.get(desk).text
    sent = {"action": "reassign", "ids": str(late_wish), "to_branch": str(place.other_branch_id)}
    coordinator.post(f"/c/{place.slug}/board/act", desk, **sent)
    with database.reading() as session:
        taker = session.execute(sa.select(Wish.taker_branch_id).where(Wish.id == late_wish)).scalar_one()  # type: ignore[call-overload]
    assert taker == place.other_branch_id
