"""``./run`` on a bare checkout: it sets itself up once, says so on standard error, and then stays out of the way."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
NOT_IN_A_CLONE = shutil.ignore_patterns(
    ".venv", ".venv.lock", ".git", ".cache", "var", "vendor", "__pycache__", ".*_cache", "benchmarks"
)
# all that the script asks of a machine, Python and an installer apart
PLAIN_TOOLS = ("sh", "awk", "cat", "cksum", "df", "dirname", "flock", "grep", "mkdir", "rm")


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "一个 clone"
    shutil.copytree(CHECKOUT, place, ignore=NOT_IN_A_CLONE)
    yield place
    shutil.rmtree(place)  # an environment is too large to be kept for those who look into a failure


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in PLAIN_TOOLS:
        found = shutil.which(name)
        if found:
            (folder / name).symlink_to(found)
    return folder


def run(clone: Path, *words: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MICROWISH_", "VIRTUAL_ENV"))}
    if path is not None:
        env["PATH"] = path
    return subprocess.run(
        [str(clone / "run"), *words],
        cwd=clone.parent,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )


def give_python(tools: Path, reports: str) -> None:
    """A stand-in that answers the script's questions as a Python of another make would."""
    (tools / "python3").write_text(f"#!/bin/sh\n{reports}\n")
    (tools / "python3").chmod(0o755)


def test_a_machine_without_python_is_told_what_to_install(clone: Path, tools: Path) -> None:
    done = run(clone, "doctor", path=str(tools))
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Python 3.11 or newer is needed" in done.stderr
    assert "apt-get install python3" in done.stderr


def test_a_python_that_is_too_old_is_named(clone: Path, tools: Path) -> None:
    give_python(tools, 'case "$1" in --version) echo Python 3.9.2;; *) exit 1;; esac')
    done = run(clone, "doctor", path=str(tools))
    assert done.returncode == 1
    assert "Python 3.9.2" in done.stderr


def test_a_full_disk_is_said_before_anything_is_fetched(clone: Path, tools: Path) -> None:
    (tools / "df").unlink()
    (tools / "df").write_text("#!/bin/sh\necho head\necho /dev/x 100 50 40960 99% /\n")
    (tools / "df").chmod(0o755)
    done = run(clone, "doctor", path=f"{tools}{os.pathsep}{os.environ['PATH']}")
    assert done.returncode == 1
    assert "2 GB" in done.stderr
    assert "40 MB are free" in done.stderr
    assert not (clone / ".venv").exists()


def _written_at(folder: Path) -> dict[str, int]:
    return {file.name: file.lstat().st_mtime_ns for file in folder.iterdir() if file.name != "__pycache__"}


@pytest.mark.slow
def test_a_clone_sets_itself_up_once_and_keeps_standard_output_clean(clone: Path) -> None:
    first = run(clone, "--version")
    assert first.returncode == 0, first.stderr[-3000:]
    assert first.stdout.strip().startswith("microwish")
    assert "run: ready" in first.stderr
    assert (clone / "wishes" / "static" / "vendor" / "fonts" / "NotoSansSC-Regular.ttf").stat().st_size > 5_000_000

    made = _written_at(clone / ".venv" / "bin")
    direct = subprocess.run([str(clone / ".venv" / "bin" / "microwish"), "--version"], capture_output=True, check=True)
    second = run(clone, "--version")
    assert second.stdout.encode() == direct.stdout
    assert second.stderr == ""
    assert _written_at(clone / ".venv" / "bin") == made, "nothing is made or fetched again"

    with (clone / "pyproject.toml").open("a") as project:
        project.write("\n# a change\n")
    third = run(clone, "--version")
    assert third.returncode == 0
    assert "run: installing microwish" in third.stderr
