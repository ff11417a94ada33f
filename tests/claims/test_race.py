"""A shortened claim race on both databases; the whole one is ``benchmarks/race.py``."""

from __future__ import annotations

import pytest

from tests.claims.race import Report, gather, run
from tests.claims.serving import Web, serving
from tests.services.postgres import PostgresServer
from wishes.settings import Settings

APP = "wishes.app:create_app()"


def raced(
    settings: Settings, *, workers: int, threads: int, kills: int, server: PostgresServer | None = None
) -> Report:
    race = gather(settings, wishes=40, clients=40)
    environment = {"MICROWISH_DATABASE_URL": settings.database_url, "MICROWISH_VAR_DIR": str(settings.var_dir)}

    def crash() -> None:
        assert server is not None
        server.crash()
        server.restart()

    try:
        with serving(Web(APP, environment, workers=workers, threads=threads)) as web:
            report = run(
                race,
                web,
                attempts=300,
                kills=kills,
                crash=crash if server else None,
                crashes=1 if server else 0,
                at_once=12,
            )
            assert "database is locked" not in web.errors()
        return report
    finally:
        race.database.dispose()


def expect_order(report: Report) -> None:
    assert report.unexpected == []
    assert not any(report.faults.values()), report.books
    assert report.books["claims"] == report.books["acknowledged"] > 0
    assert sum(report.answers.values()) == report.attempts
    assert set(report.answers) <= {"claimed", "conflict", "not_possible_now"}


@pytest.mark.slow
def test_eight_processes_on_sqlite_claim_each_wish_once_and_lose_nothing_to_kills(sqlite_settings: Settings) -> None:
    report = raced(sqlite_settings, workers=8, threads=1, kills=4)
    expect_order(report)
    assert report.kills == 4


@pytest.mark.slow
@pytest.mark.postgres
def test_on_postgresql_neither_killed_workers_nor_a_crashed_server_lose_or_double_a_claim(
    postgres_settings: Settings, postgres_server: PostgresServer
) -> None:
    report = raced(postgres_settings, workers=2, threads=4, kills=3, server=postgres_server)
    expect_order(report)
    assert (report.kills, report.crashes) == (3, 1)
