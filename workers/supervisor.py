"""One parent that starts processes and keeps them alive. It knows nothing of what they do.

A child that ends is started again, at once the first time and ever later when it keeps ending. Whatever its group left
behind is killed first, so that a new worker never meets the orphans of the old one. When the supervisor ends, they
all end: in order on a signal, and through the kernel and a sentinel process when it is killed.
"""

from __future__ import annotations

import ctypes
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, TextIO

SHORTEST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 30.0
STEADY_AFTER_S = 10.0
# a dead child whose own children hold its output open is not announced, only found
LOOK_EVERY_S = 0.25
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Child:
    """A process to keep alive.

    ``env`` is its whole environment (None: the supervisor's own). ``stop_after_s``: how long it may take to end
    in order before it is killed. ``stops_last``: it is told to stop only when the others are gone.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    stop_after_s: float = 15.0
    stops_last: bool = False


@dataclass
class _Post:
    """What the supervisor remembers of one child."""

    child: Child
    process: subprocess.Popen[bytes] | None = None
    started_at_s: float = 0.0
    start_again_at_s: float = 0.0
    pause_s: float = 0.0
    starts: int = 0
    rest: bytes = field(default=b"", repr=False)


class Supervisor:
    """Keeps ``children`` alive between ``run()`` and ``stop()``.

    ``run()`` blocks; ``stop()``, ``pids()`` and ``starts()`` may be called from any thread or signal
    handler. Each line a child prints is written to ``output`` (standard error unless given) as ``name | line``.
    """

    def __init__(self, children: Sequence[Child], *, output: TextIO | None = None) -> None:
        names = [child.name for child in children]
        if len(set(names)) != len(names):
            raise ValueError(f"two children of one name: {names}")
        self._posts = [_Post(child) for child in children]
        self._width = max((len(name) for name in names), default=0)
        self._output = output or sys.stderr
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        self._stops_asked = 0
        self._sentinel: subprocess.Popen[bytes] | None = None

    # --- asked from outside -------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Ask ``run()`` to end the children in order and return; asked a second time, it kills them."""
        self._stops_asked += 1
        self._wake()

    def pids(self) -> dict[str, int]:
        """Process id by name of the children that run now."""
        running = [(post.child.name, post.process) for post in self._posts]
        return {name: process.pid for name, process in running if process is not None and process.returncode is None}

    def starts(self) -> dict[str, int]:
        """How often each child has been started."""
        return {post.child.name: post.starts for post in self._posts}

    def _wake(self) -> None:
        try:
            os.write(self._wake_write, b"!")
        except BlockingIOError:
            return  # it is being woken already

    # --- the loop -----------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Start the children and keep them alive until ``stop()``; all of them are gone when it returns.

        The children belong to the calling thread: when it ends, the kernel ends them.
        """
        try:
            while not self._stops_asked:
                self._keep_sentinel()
                for post in self._posts:
                    self._tend(post)
                self._listen(self._nearest_start())
        finally:
            self._end_all()

    def _tend(self, post: _Post) -> None:
        now_s = time.monotonic()
        if post.process is not None:
            code = post.process.poll()
            if code is None:
                return
            self._bury(post)
            lived_s = now_s - post.started_at_s
            if lived_s >= STEADY_AFTER_S:
                post.pause_s = 0.0
            post.pause_s = min(max(SHORTEST_PAUSE_S, post.pause_s * 2), LONGEST_PAUSE_S)
            post.start_again_at_s = now_s + post.pause_s
            self._say(post, f"{_ending(code)} after {lived_s:.1f} s; starting again in {post.pause_s:.1f} s")
        if now_s >= post.start_again_at_s:
            self._start(post)

    def _start(self, post: _Post) -> None:
        child = post.child
        post.started_at_s = time.monotonic()
        post.starts += 1
        try:
            post.process = subprocess.Popen(
                list(child.argv),
                env=None if child.env is None else dict(child.env),
                cwd=child.cwd,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with(os.getpid()),
            )
        except OSError as trouble:
            post.pause_s = min(max(1.0, post.pause_s * 2), LONGEST_PAUSE_S)
            post.start_again_at_s = post.started_at_s + post.pause_s
            self._say(post, f"cannot be started: {trouble}; trying again in {post.pause_s:.1f} s")
            return
        self._tell_sentinel(f"+{post.process.pid}\n")
        stdout = _pipe(post.process)
        os.set_blocking(stdout.fileno(), False)
        self._selector.register(stdout, selectors.EVENT_READ, post)

    def _nearest_start(self) -> float:
        waiting = [post.start_again_at_s for post in self._posts if post.process is None]
        pause_s = min(waiting, default=time.monotonic() + LOOK_EVERY_S) - time.monotonic()
        return min(max(pause_s, 0.0), LOOK_EVERY_S)

    def _listen(self, timeout_s: float) -> None:
        """Copy what children print; wakes early when one closes its output, which is how a death shows."""
        for key, _ in self._selector.select(timeout_s):
            if key.fd == self._wake_read:
                os.read(self._wake_read, 1024)
            else:
                self._copy_output(key.data)

    def _copy_output(self, post: _Post) -> bool:
        """Print the lines that are ready; False when there is nothing more to read now."""
        assert post.process is not None
        stdout = _pipe(post.process)
        try:
            data = os.read(stdout.fileno(), 65536)
        except BlockingIOError:
            return False
        if not data:
            self._selector.unregister(stdout)
            return False
        *lines, post.rest = (post.rest + data).split(b"\n")
        for line in lines:
            self._say(post, line.decode("utf-8", "replace"))
        return True

    def _say(self, post: _Post, line: str) -> None:
        try:
            self._output.write(f"{post.child.name:{self._width}} | {line}\n")
            self._output.flush()
        except OSError:
            return  # whoever read this has gone (a closed terminal); the children matter more

    # --- endings ------------------------------------------------------------------------------------------------

    def _bury(self, post: _Post) -> None:
        """Kill what is left of a dead child's group and forget its pipe."""
        process = post.process
        assert process is not None
        self._kill_group(process.pid)
        stdout = _pipe(process)
        while self._is_listened_to(stdout) and self._copy_output(post):
            pass
        if self._is_listened_to(stdout):
            self._selector.unregister(stdout)
        stdout.close()
        if post.rest:
            self._say(post, post.rest.decode("utf-8", "replace"))
            post.rest = b""
        post.process = None
        self._tell_sentinel(f"-{process.pid}\n")

    def _is_listened_to(self, stdout: IO[bytes]) -> bool:
        return stdout in self._selector.get_map()

    def _end_all(self) -> None:
        for last in (False, True):
            self._end([post for post in self._posts if post.child.stops_last is last and post.process is not None])
        if self._sentinel is not None:
            assert self._sentinel.stdin is not None
            self._sentinel.stdin.close()
            self._sentinel.wait()
            self._sentinel = None

    def _end(self, posts: list[_Post]) -> None:
        for post in posts:
            if post.process is not None:
                post.process.terminate()
        asked_at_s = time.monotonic()
        while posts:
            self._listen(0.05)
            for post in list(posts):
                assert post.process is not None
                if post.process.poll() is not None:
                    self._bury(post)
                    posts.remove(post)
                elif self._stops_asked > 1 or time.monotonic() - asked_at_s > post.child.stop_after_s:
                    self._kill_group(post.process.pid)

    def _kill_group(self, group: int) -> None:
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            return

    # --- the sentinel -------------------------------------------------------------------------------------------

    def _keep_sentinel(self) -> None:
        if self._sentinel is not None and self._sentinel.poll() is None:
            return
        grace_s = max((post.child.stop_after_s for post in self._posts), default=0.0)
        self._sentinel = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("sentinel.py")), str(grace_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        for pid in self.pids().values():
            self._tell_sentinel(f"+{pid}\n")

    def _tell_sentinel(self, line: str) -> None:
        if self._sentinel is None:
            return
        assert self._sentinel.stdin is not None
        try:
            self._sentinel.stdin.write(line.encode("ascii"))
            self._sentinel.stdin.flush()
        except BrokenPipeError:
            self._sentinel.wait()  # it was killed; the loop starts another and tells it all


def run_until_signalled(supervisor: Supervisor) -> None:
    """``run()`` in the main thread until SIGINT, SIGTERM or SIGHUP; a second signal kills. Puts old handlers back."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        supervisor.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        supervisor.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Background:
    """``with Background(supervisor):`` runs it in a thread, and has ended every child when the block is left."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._thread = threading.Thread(target=supervisor.run, name="supervisor")

    def __enter__(self) -> Supervisor:
        self._thread.start()
        return self._supervisor

    def __exit__(self, *_: object) -> None:
        self._supervisor.stop()
        self._thread.join()


def _die_with(parent: int) -> Callable[[], None] | None:
    """What a new child runs before its program: on Linux, the kernel is to end it when the parent dies."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def arrange() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    return arrange


def _pipe(process: subprocess.Popen[bytes]) -> IO[bytes]:
    assert process.stdout is not None
    return process.stdout


def _ending(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
