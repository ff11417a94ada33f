"""Key files: made once, kept private, rotated, never silently lost."""

from __future__ import annotations

import multiprocessing
import stat
from pathlib import Path

import pytest

from wishes.protection.keyring import (
    KeyExposed,
    KeyMissing,
    KeyStillActive,
    KeysUsedUp,
    KeyUnreadable,
    Purpose,
    add_key,
    create_keyring,
    read_keyring,
    retire_key,
)


def make_and_report(directory: str, answers: multiprocessing.Queue[dict[str, str]]) -> None:
    ring = create_keyring(Path(directory))
    answers.put({purpose.value: ring.active(purpose).secret.hex() for purpose in Purpose})


def test_a_new_ring_has_one_private_key_for_each_purpose(tmp_path: Path) -> None:
    ring = create_keyring(tmp_path / "keys")
    secrets = {ring.active(purpose).secret for purpose in Purpose}
    assert len(secrets) == len(Purpose) and all(len(secret) == 32 for secret in secrets)
    files = list((tmp_path / "keys").iterdir())
    assert len(files) == len(Purpose)
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_making_it_again_replaces_nothing_and_reading_gives_the_same(tmp_path: Path) -> None:
    first = create_keyring(tmp_path / "keys")
    again, read = create_keyring(tmp_path / "keys"), read_keyring(tmp_path / "keys")
    for purpose in Purpose:
        assert first.keys(purpose) == again.keys(purpose) == read.keys(purpose)


def test_processes_that_start_together_agree_on_the_keys(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    answers: multiprocessing.Queue[dict[str, str]] = context.Queue()
    starters = [context.Process(target=make_and_report, args=(str(tmp_path / "keys"), answers)) for _ in range(8)]
    for starter in starters:
        starter.start()
    told = [answers.get(timeout=60) for _ in starters]
    for starter in starters:
        starter.join(timeout=60)
    assert all(answer == told[0] for answer in told)
    assert len(list((tmp_path / "keys").iterdir())) == len(Purpose)


def test_the_newest_key_is_active_and_older_ones_stay_readable(tmp_path: Path) -> None:
    old = create_keyring(tmp_path / "keys")
    first = old.active(Purpose.MASTER)
    ring = add_key(tmp_path / "keys", Purpose.MASTER)
    assert ring.active(Purpose.MASTER).kid == 2
    assert ring.key(Purpose.MASTER, 1) == first
    assert [key.kid for key in ring.keys(Purpose.MASTER)] == [2, 1]
    assert ring.active(Purpose.TOKEN) == old.active(Purpose.TOKEN)
    assert set(ring.secrets(Purpose.MASTER)) == {1, 2}


def test_a_process_that_runs_notices_that_keys_were_added_and_retired(tmp_path: Path) -> None:
    running = create_keyring(tmp_path / "keys")
    first = running.active(Purpose.MASTER)
    add_key(tmp_path / "keys", Purpose.MASTER)
    assert running.active(Purpose.MASTER).kid == 2
    assert running.key(Purpose.MASTER, 1) == first
    retire_key(tmp_path / "keys", Purpose.MASTER, 1)
    assert [key.kid for key in running.keys(Purpose.MASTER)] == [2]
    with pytest.raises(KeyMissing):
        running.key(Purpose.MASTER, 1)


def test_an_active_key_cannot_be_retired_and_an_old_one_can(tmp_path: Path) -> None:
    create_keyring(tmp_path / "keys")
    with pytest.raises(KeyStillActive):
        retire_key(tmp_path / "keys", Purpose.TOKEN, 1)
    add_key(tmp_path / "keys", Purpose.TOKEN)
    ring = retire_key(tmp_path / "keys", Purpose.TOKEN, 1)
    with pytest.raises(KeyMissing):
        ring.key(Purpose.TOKEN, 1)
    with pytest.raises(KeyMissing):
        retire_key(tmp_path / "keys", Purpose.TOKEN, 1)
    assert add_key(tmp_path / "keys", Purpose.TOKEN).active(Purpose.TOKEN).kid == 3


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o602])
def test_a_key_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    create_keyring(tmp_path / "keys")
    path = tmp_path / "keys" / "master-001.key"
    path.chmod(mode)
    with pytest.raises(KeyExposed, match="chmod 600"):
        read_keyring(tmp_path / "keys")
    path.chmod(0o600)
    assert read_keyring(tmp_path / "keys").active(Purpose.MASTER).kid == 1


def test_a_directory_that_others_can_reach_is_refused(tmp_path: Path) -> None:
    create_keyring(tmp_path / "keys")
    (tmp_path / "keys").chmod(0o755)
    with pytest.raises(KeyExposed, match="chmod 700"):
        read_keyring(tmp_path / "keys")
    with pytest.raises(KeyExposed):
        create_keyring(tmp_path / "keys")


@pytest.mark.parametrize("text", ["", "short", "g" * 64, "00" * 31, "00" * 33, "é" * 64])
def test_a_damaged_key_is_refused_and_not_replaced(tmp_path: Path, text: str) -> None:
    create_keyring(tmp_path / "keys")
    path = tmp_path / "keys" / "audit-001.key"
    path.write_text(text, "utf-8")
    with pytest.raises(KeyUnreadable):
        create_keyring(tmp_path / "keys")
    assert path.read_text("utf-8") == text


@pytest.mark.parametrize("name", ["master-000.key", "master-256.key", "master-1.key", "other-001.key", "master.key"])
def test_a_key_file_with_a_name_that_means_nothing_is_refused(tmp_path: Path, name: str) -> None:
    create_keyring(tmp_path / "keys")
    path = tmp_path / "keys" / name
    path.write_text("00" * 32)
    path.chmod(0o600)
    with pytest.raises(KeyUnreadable):
        read_keyring(tmp_path / "keys")


def test_other_files_beside_the_keys_are_left_alone(tmp_path: Path) -> None:
    create_keyring(tmp_path / "keys")
    (tmp_path / "keys" / "README").write_text("kept apart")
    assert read_keyring(tmp_path / "keys").active(Purpose.MASTER).kid == 1


def test_numbers_run_out_with_a_named_error(tmp_path: Path) -> None:
    create_keyring(tmp_path / "keys")
    last = tmp_path / "keys" / "blind-255.key"
    last.write_text("00" * 32)
    last.chmod(0o600)
    with pytest.raises(KeysUsedUp):
        add_key(tmp_path / "keys", Purpose.BLIND)


def test_no_directory_and_no_key_are_told_apart_from_damage(tmp_path: Path) -> None:
    with pytest.raises(KeyMissing):
        read_keyring(tmp_path / "keys")
    (tmp_path / "keys").mkdir(mode=0o700)
    with pytest.raises(KeyMissing):
        read_keyring(tmp_path / "keys").active(Purpose.MASTER)


def test_keys_do_not_show_in_a_traceback(tmp_path: Path) -> None:
    ring = create_keyring(tmp_path / "keys")
    key = ring.active(Purpose.MASTER)
    shown = repr(ring) + repr(key) + str(key)
    assert key.secret.hex() not in shown and repr(key.secret) not in shown
