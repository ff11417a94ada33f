"""The supervisor with real processes: what dies comes back, and nothing outlives its parent."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from workers.supervisor import Background, Child, Supervisor

FOREVER = "import time\nwhile True: time.sleep(60)"


def python(code: str) -> list[str]:
    return [sys.executable, "-u", "-c", textwrap.dedent(code)]


def wait_for(true: Callable[[], object], seconds: float = 15.0) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def exists(pid: int) -> bool:
    """Whether the process runs; one that is dead and not yet reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def is_another(supervisor: Supervisor, name: str, pid: int) -> bool:
    return supervisor.pids().get(name, pid) != pid


def test_each_child_that_is_killed_comes_back() -> None:
    children = [Child(name, python(FOREVER)) for name in ("web", "worker", "beat")]
    with Background(Supervisor(children, output=io.StringIO())) as supervisor:
        wait_for(lambda: len(supervisor.pids()) == 3)
        for name in ("web", "worker", "beat"):
            before = supervisor.pids()
            os.kill(before[name], signal.SIGKILL)
            wait_for(partial(is_another, supervisor, name, before[name]))
            others = {other: pid for other, pid in before.items() if other != name}
            assert {other: supervisor.pids()[other] for other in others} == others
        assert supervisor.starts() == {"web": 2, "worker": 2, "beat": 2}


def test_a_child_that_keeps_ending_is_started_ever_more_slowly() -> None:
    with Background(Supervisor([Child("broken", python("raise SystemExit(3)"))], output=io.StringIO())) as supervisor:
        time.sleep(3)
        # 0.1 + 0.2 + 0.4 + 0.8 + 1.6 s of pauses; without them there would be a hundred starts
        assert 3 <= supervisor.starts()["broken"] <= 6


def test_a_program_that_is_not_there_is_said_and_the_others_run() -> None:
    said = io.StringIO()
    children = [Child("gone", ["/nowhere/to/be/found"]), Child("web", python(FOREVER))]
    with Background(Supervisor(children, output=said)) as supervisor:
        wait_for(lambda: "web" in supervisor.pids())
        assert "gone | cannot be started" in said.getvalue()


def test_what_children_print_is_marked_with_their_name_line_by_line() -> None:
    said = io.StringIO()
    code = "import sys\nprint('微心愿')\nprint('on stderr', file=sys.stderr)\nsys.stdout.write('no newline')"
    with Background(Supervisor([Child("web", python(code)), Child("worker", python(FOREVER))], output=said)):
        wait_for(lambda: "no newline" in said.getvalue())
    lines = said.getvalue().splitlines()
    assert "web    | 微心愿" in lines
    assert "web    | on stderr" in lines
    assert any(line == "web    | no newline" for line in lines)
    assert all(line.startswith(("web    | ", "worker | ")) for line in lines)


def test_a_child_gets_the_environment_it_was_given_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MW_SUPERVISOR_TEST", "the parent's")
    said = io.StringIO()
    code = "import os, time\nprint(os.environ.get('MW_SUPERVISOR_TEST'), flush=True)\ntime.sleep(60)"
    children = [Child("own", python(code), env={"MW_SUPERVISOR_TEST": "mine"}), Child("same", python(code))]
    with Background(Supervisor(children, output=said)):
        wait_for(lambda: said.getvalue().count("\n") >= 2)
    assert "own  | mine" in said.getvalue()
    assert "same | the parent's" in said.getvalue()


def test_a_child_may_end_in_order_and_one_that_will_not_is_killed() -> None:
    said = io.StringIO()
    tidy = """
        import signal, sys, time
        def bye(*_):
            print("tidied up", flush=True)
            sys.exit()
        signal.signal(signal.SIGTERM, bye)
        print("ready", flush=True)
        while True: time.sleep(60)
    """
    deaf = """
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("ready", flush=True)
        while True: time.sleep(60)
    """
    children = [Child("tidy", python(tidy)), Child("deaf", python(deaf), stop_after_s=0.5)]
    with Background(Supervisor(children, output=said)) as supervisor:
        wait_for(lambda: said.getvalue().count("ready") == 2)
        pids = supervisor.pids()
    assert "tidied up" in said.getvalue()
    assert not any(exists(pid) for pid in pids.values())


def test_the_one_that_stops_last_outlives_the_others() -> None:
    said = io.StringIO()
    slow = """
        import signal, sys, time
        def bye(*_):
            time.sleep(0.5)
            print("gone", flush=True)
            sys.exit()
        signal.signal(signal.SIGTERM, bye)
        print("ready", flush=True)
        while True: time.sleep(60)
    """
    quick = slow.replace("time.sleep(0.5)", "pass")
    children = [Child("broker", python(quick), stops_last=True), Child("worker", python(slow))]
    with Background(Supervisor(children, output=said)):
        wait_for(lambda: said.getvalue().count("ready") == 2)
    order = [line.split()[0] for line in said.getvalue().splitlines() if line.endswith("gone")]
    assert order == ["worker", "broker"]


WITH_GRANDCHILD = f"""
    import subprocess, sys
    grandchild = subprocess.Popen([sys.executable, "-c", {FOREVER!r}])
    print("grandchild", grandchild.pid, flush=True)
    grandchild.wait()
"""


def grandchildren(said: str) -> list[int]:
    return [int(line.split()[-1]) for line in said.splitlines() if "| grandchild" in line]


def test_orphans_of_a_dead_child_are_gone_before_it_comes_back() -> None:
    said = io.StringIO()
    with Background(Supervisor([Child("worker", python(WITH_GRANDCHILD))], output=said)) as supervisor:
        wait_for(lambda: len(grandchildren(said.getvalue())) == 1)
        os.kill(supervisor.pids()["worker"], signal.SIGKILL)
        wait_for(lambda: len(grandchildren(said.getvalue())) == 2)
        assert not exists(grandchildren(said.getvalue())[0])


SUPERVISED = f"""
    from workers.supervisor import Child, Supervisor, run_until_signalled
    import sys
    deaf = "import signal as s, time; s.signal(s.SIGTERM, s.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    children = [
        Child("worker", [sys.executable, "-u", "-c", {textwrap.dedent(WITH_GRANDCHILD)!r}], stop_after_s=1.0),
        Child("deaf", [sys.executable, "-c", deaf], stop_after_s=1.0),
    ]
    supervisor = Supervisor(children, output=sys.stdout)
    run_until_signalled(supervisor)
"""


def descendants(pid: int) -> list[int]:
    found = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split():
        found += [int(child), *descendants(int(child))]
    return found


@pytest.mark.parametrize("word", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_no_orphan_is_left_however_the_supervisor_ends(word: signal.Signals) -> None:
    with subprocess.Popen(python(SUPERVISED), stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        said = ""
        while "| grandchild" not in said or "| deaf" not in said:
            said += parent.stdout.readline()
        family = descendants(parent.pid)
        assert len(family) == 4  # sentinel, worker, its child, deaf
        parent.send_signal(word)
        parent.wait(20)
        wait_for(lambda: not any(exists(pid) for pid in family))


def test_a_sentinel_that_is_killed_is_replaced_and_knows_them_all() -> None:
    with subprocess.Popen(python(SUPERVISED), stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        said = ""
        while "| grandchild" not in said or "| deaf" not in said:
            said += parent.stdout.readline()

        def sentinels() -> list[int]:
            return [
                pid for pid in descendants(parent.pid) if b"sentinel.py" in Path(f"/proc/{pid}/cmdline").read_bytes()
            ]

        (first,) = sentinels()
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: [pid for pid in sentinels() if pid != first])
        time.sleep(0.3)
        family = descendants(parent.pid)
        parent.kill()
        parent.wait(20)
        wait_for(lambda: not any(exists(pid) for pid in family))
