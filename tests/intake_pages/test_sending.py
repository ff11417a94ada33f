"""Files are taken in whole, sealed, once, and seen by those alone who may."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import sqlalchemy as sa

from tests.intake_pages.conftest import FILE, Site
from tests.intake_pages.senders import DIRTY, HOSTILE, line, xlsx
from tests.web.house import check_page
from wishes.access import Role
from wishes.clock import utc_now
from wishes.intake.inbox import KEPT_DAYS, forget_old_originals
from wishes.intake.reading.limits import LIMITS
from wishes.tracking.heartbeat import beat


def test_many_files_at_once_wait_and_are_read(site: Site) -> None:
    coordinator = site.sign_in()
    towns = {"锦城街道": "章一", "锦北街道": "章二"}
    files = [
        (f"{town}微心愿.xlsx", xlsx([line(child, town=town)], title=f"临安区{town}微心愿"))
        for town, child in towns.items()
    ]
    answer = coordinator.upload(*files)
    assert "收到 2 份文件" in answer.text
    assert "0 / 2 份" in answer.text
    done = site.work()
    assert (done.files, done.entries) == (2, 2)
    page = coordinator.page("/import")
    check_page(page, "/import")
    assert "data-live" not in page
    assert site.wishes() == 2


def test_a_worker_that_does_not_run_is_told_of(site: Site) -> None:
    coordinator = site.sign_in()
    said = "后台没有在运行"
    assert said in coordinator.upload(("来件.xlsx", xlsx(DIRTY))).text
    with site.database.transaction() as session:
        beat(session, "relay", now=utc_now(), detail={})
    assert said not in coordinator.page("/import")
    with site.database.transaction() as session:
        beat(session, "relay", now=utc_now() - timedelta(minutes=5), detail={})
    assert said in coordinator.page("/import")
    with site.database.transaction() as session:
        session.execute(sa.update(FILE).values(state="reading", started_at=utc_now()))  # it reads a long file
    assert said not in coordinator.page("/import")


def test_a_repeated_request_takes_nothing_twice(site: Site) -> None:
    coordinator = site.sign_in()
    for _ in range(3):
        coordinator.upload(("来件.xlsx", xlsx(DIRTY)), batch="one")
    assert len(site.rows(sa.select(FILE.c.id))) == 1


def test_what_is_kept_on_disk_tells_nothing(site: Site) -> None:
    data = ("序号,姓名,心愿\r\n1,章一,书包\r\n" * 200).encode()
    site.sign_in().upload(("来件.csv", data))
    kept = [path for path in site.settings.uploads_dir.rglob("*") if path.suffix == ".sealed"]
    assert [path.stem for path in kept] == [hashlib.sha256(data).hexdigest()]
    assert "章一".encode() not in kept[0].read_bytes()
    assert kept[0].stat().st_mode & 0o077 == 0
    with site.database.reading() as session:
        assert site.originals.read(session, site.file("来件.csv").id) == data


def test_a_workbook_whose_key_is_gone_cannot_be_opened(site: Site) -> None:
    coordinator = site.sign_in()
    coordinator.upload(("来件.xlsx", xlsx(DIRTY)))
    site.work()
    file = site.file("来件.xlsx")
    with site.database.transaction() as session:
        site.originals.forget(session, campaign_id=site.campaign_id, digest=file.digest)
    assert not list(site.settings.uploads_dir.rglob("*.sealed"))
    assert not list(site.settings.uploads_dir.rglob("*.view"))
    assert coordinator.get(f"/import/{file.id}/annotated").status_code == 410
    assert "章二" in coordinator.page(f"/import/{file.id}?show=parked")  # the entries remain


def test_workbooks_are_kept_as_long_as_the_campaign_says(site: Site) -> None:
    coordinator = site.sign_in()
    coordinator.upload(("旧.xlsx", xlsx([line("章一")])), ("等人.xlsx", xlsx(DIRTY[1:])))
    site.work()

    def forget(days: int) -> int:
        with site.database.transaction() as session:
            return forget_old_originals(session, site.originals, now=utc_now() + timedelta(days=days))

    before = site.wishes()
    assert forget(KEPT_DAYS - 1) == 0
    assert forget(KEPT_DAYS + 1) == 1
    assert forget(KEPT_DAYS + 1) == 0
    assert coordinator.get(f"/import/{site.file('旧.xlsx').id}/annotated").status_code == 410
    assert coordinator.get(f"/import/{site.file('等人.xlsx').id}/annotated").status_code == 200
    assert site.wishes() == before


def test_each_hostile_file_is_refused_with_a_sentence_and_the_others_are_read(site: Site) -> None:
    coordinator = site.sign_in()
    coordinator.upload(*HOSTILE.items(), ("好的.xlsx", xlsx(DIRTY)))
    site.work()
    page = coordinator.page("/import?show=failed")
    for name in HOSTILE:
        file = site.file(name)
        assert file.state == "failed", name
        assert file.problem_zh.endswith("。") and file.problem_en.endswith("."), name
        assert file.problem_zh in page
        assert file.problem_zh in coordinator.page(f"/import/{file.id}")
    assert site.statuses(site.file("好的.xlsx").id) == {"accepted": 2, "parked": 3, "rejected": 4, "duplicate": 1}


def test_a_file_that_is_too_big_is_refused_and_not_kept(sqlite_site: Site) -> None:
    sqlite_site.sign_in().upload(("巨大.csv", b"," * (LIMITS.file_size + 1)))
    file = sqlite_site.file("巨大.csv")
    assert (file.state, file.original_key) == ("failed", None)
    assert "40 MB" in file.problem_zh


def test_a_name_with_a_path_is_only_a_name(sqlite_site: Site) -> None:
    sqlite_site.sign_in().upload(("../../etc/来件.xlsx", xlsx(DIRTY)), ("C:/temp/乙.xlsx", xlsx(DIRTY[:1])))
    assert {row.name for row in sqlite_site.rows(sa.select(FILE.c.name))} == {"来件.xlsx", "乙.xlsx"}


def test_nothing_chosen_is_said(sqlite_site: Site) -> None:
    assert "请先选择文件" in sqlite_site.sign_in().post("/import").text


def test_a_social_worker_sees_what_is_theirs(site: Site) -> None:
    ours, theirs = site.community("子社区"), site.community("丑社区")
    worker, colleague = (site.sign_in(Role.SOCIAL_WORKER, community_id=ours) for _ in range(2))
    stranger = site.sign_in(Role.SOCIAL_WORKER, community_id=theirs)
    worker.upload(("来件.xlsx", xlsx(DIRTY)))
    site.work()
    file = site.file("来件.xlsx")
    row = site.entries(file.id, "parked")[0]
    assert "来件.xlsx" in worker.page("/import")
    assert "章二" in worker.page(f"/import/{file.id}?show=parked")
    assert "来件.xlsx" not in stranger.page("/import")
    for path in (
        f"/import/{file.id}",
        f"/import/{file.id}/report",
        f"/import/{file.id}/annotated",
        f"/import/row/{row.id}",
    ):
        assert stranger.get(path).status_code == 404, path
    assert stranger.post(f"/import/row/{row.id}/accept").status_code == 404
    assert colleague.get("/import/words").status_code == 403


def test_who_has_no_part_in_it_sees_none_of_it(site: Site) -> None:
    site.sign_in().upload(("来件.xlsx", xlsx(DIRTY)))
    site.work()
    file_id = site.file("来件.xlsx").id
    for role in (Role.VOLUNTEER, Role.BRANCH_SECRETARY, Role.COURIER, Role.INSPECTOR, Role.AUDITOR):
        person = site.sign_in(role)
        for path in ("/import", f"/import/{file_id}", "/import/new", "/import/template", "/import/words"):
            assert person.get(path).status_code in (403, 404), (role, path)


def test_pages_with_names_are_kept_by_no_cache(site: Site) -> None:
    coordinator = site.sign_in()
    coordinator.upload(("来件.xlsx", xlsx(DIRTY)))
    site.work()
    file_id = site.file("来件.xlsx").id
    row_id = site.entries(file_id)[0].id
    for path in (
        f"/import/{file_id}",
        f"/import/{file_id}?show=grid",
        f"/import/row/{row_id}",
        f"/import/{file_id}/report",
    ):
        assert coordinator.get(path).headers["Cache-Control"] == "no-store", path
