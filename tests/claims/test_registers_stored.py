"""Registers in the database: brought up to date, nothing twice, one row per person and branch."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from tests.claims.test_registers import DEMO, workbook
from wishes.access import Actor, Grant, Role
from wishes.campaigns.loading import load_campaign
from wishes.claims.registers import import_branches, import_members, import_volunteers
from wishes.claims.tables import Branch, Volunteer
from wishes.db import Database
from wishes.errors import Forbidden

NOW = datetime(2021, 6, 1, 2, 0, tzinfo=UTC)
BRANCH_HEADER = ["组织名称", "最多认领", "预算", "服务范围", "手机"]
MEMBER_HEADER = ["编号", "姓名", "所属支部/组织", "手机", "所在区县", "个人认领上限", "特长"]
VOLUNTEER_HEADER = ["编号", "姓名", "手机", "服务区县", "岗位", "技能特长", "无犯罪记录核查日期"]


@pytest.fixture
def campaign_id(database: Database) -> int:
    with database.transaction() as session:
        return load_campaign(session, folder=DEMO, now=NOW).campaign_id


def branches(database: Database, campaign_id: int, *lines: list[object]) -> Any:
    with database.transaction() as session:
        return import_branches(
            session, campaign_id=campaign_id, data=workbook(表=[BRANCH_HEADER, *lines]), name="b.xlsx", now=NOW
        )


def members(database: Database, campaign_id: int, *lines: list[object]) -> Any:
    with database.transaction() as session:
        return import_members(
            session, campaign_id=campaign_id, data=workbook(表=[MEMBER_HEADER, *lines]), name="m.xlsx", now=NOW
        )


def volunteers(database: Database, campaign_id: int, *lines: list[object]) -> Any:
    with database.transaction() as session:
        return import_volunteers(
            session, campaign_id=campaign_id, data=workbook(表=[VOLUNTEER_HEADER, *lines]), name="v.xlsx", now=NOW
        )


def people(database: Database) -> list[Any]:
    columns: sa.Table = vars(Volunteer)["__table__"]
    with database.reading() as session:
        return list(session.execute(sa.select(columns).order_by(columns.c.id)))


def test_a_changed_pledge_is_changed_and_never_below_what_is_used(database: Database, campaign_id: int) -> None:
    branches(
        database,
        campaign_id,
        ["甲读书会", "20", "3000", "全市", "19900000001"],
        ["乙义工社", "5", "不限", "", "19900000002"],
    )
    columns: sa.Table = vars(Branch)["__table__"]
    with database.transaction() as session:
        session.execute(sa.update(columns).where(columns.c.name == "甲读书会").values(used_count=8, used_fen=90_000))
    done = branches(
        database,
        campaign_id,
        ["甲读书会", "6", "500", "西湖", "19900000001"],
        ["乙义工社", "5", "不限", "", "19900000002"],
    )
    assert (done.added, done.changed, done.same, done.warnings["pledge_in_use"]) == (0, 1, 1, 2)
    with database.reading() as session:
        row = session.execute(sa.select(columns).where(columns.c.name == "甲读书会")).one()
    assert (row.pledge_count, row.pledge_fen, row.used_count, row.areas) == (8, 90_000, 8, ["330106"])


def test_who_is_in_both_registers_is_one_person_with_limit_and_duties(database: Database, campaign_id: int) -> None:
    branches(database, campaign_id, ["甲读书会", "20", "3000", "", "19900000001"])
    members(database, campaign_id, ["M1", "章甲", "甲读书会 ", "199 0000 0011", "西湖", "3个", "书法"])
    done = volunteers(
        database, campaign_id, ["V1", "章 甲", "19900000011", "", "配送、心理", "国家二级心理咨询师", "2021-05-01"]
    )
    assert (done.added, done.changed) == (0, 1)
    [person] = people(database)
    assert (person.code, person.name, person.claim_limit, person.county_code) == ("M1", "章甲", 3, "330106")
    assert person.branch_id is not None and person.duties == ["counsellor", "courier"]
    assert person.qualification == "国家二级心理咨询师" and person.vetted_on == date(2021, 5, 1)
    assert person.skills == "书法、国家二级心理咨询师"
    members(database, campaign_id, ["M1", "章甲", "甲读书会", "19900000011", "西湖", "5个", "书法"])
    [person] = people(database)
    assert (
        person.claim_limit == 5 and person.duties == ["counsellor", "courier"] and person.vetted_on == date(2021, 5, 1)
    )


def test_a_number_that_somebody_else_has_is_replaced(database: Database, campaign_id: int) -> None:
    members(database, campaign_id, ["1", "章甲", "个人", "19900000011", "西湖", 3, ""])
    volunteers(database, campaign_id, ["1", "章乙", "19900000012", "西湖", "打包", "", ""])
    assert [(person.code, person.name) for person in people(database)] == [("1", "章甲"), ("P0001", "章乙")]


def test_a_corrected_phone_is_the_same_persons(database: Database, campaign_id: int) -> None:
    members(database, campaign_id, ["M1", "章甲", "个人", "1990000001", "西湖", 3, ""])
    members(database, campaign_id, ["M1", "章甲", "个人", "19900000011", "西湖", 3, ""])
    assert [(person.code, person.phone) for person in people(database)] == [("M1", "19900000011")]


def test_a_limit_below_what_somebody_carries_waits(database: Database, campaign_id: int) -> None:
    members(database, campaign_id, ["M1", "章甲", "个人", "19900000011", "西湖", 5, ""])
    columns: sa.Table = vars(Volunteer)["__table__"]
    with database.transaction() as session:
        session.execute(sa.update(columns).values(live_claims=4))
    done = members(database, campaign_id, ["M1", "章甲", "个人", "19900000011", "西湖", 2, ""])
    assert done.warnings["limit_in_use"] == 1 and people(database)[0].claim_limit == 4


def test_a_check_from_the_future_is_none_and_an_expired_one_keeps_its_date(
    database: Database, campaign_id: int
) -> None:
    done = volunteers(
        database,
        campaign_id,
        ["V1", "章甲", "19900000011", "西湖", "配送", "", "2021.6.2"],
        ["V2", "章乙", "19900000012", "西湖", "配送", "", "2019年1月5日"],
    )
    assert done.warnings == {"vetting_in_future": 1}
    assert [person.vetted_on for person in people(database)] == [None, date(2019, 1, 5)]


def test_only_those_who_manage_a_campaign_import_its_registers(database: Database, campaign_id: int) -> None:
    coordinator = Actor(1, "c", (Grant(Role.COORDINATOR, campaign_id),))
    for verb in (import_branches, import_members, import_volunteers):
        with pytest.raises(Forbidden), database.transaction() as session:
            verb(session, campaign_id=campaign_id, data=b"", name="x.xlsx", now=NOW, actor=coordinator)
