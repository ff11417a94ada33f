"""What the benchmarks of the claim path share: servers to measure against, people to claim with, a client that costs little."""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.services.postgres import PostgresServer

CHECKOUT = Path(__file__).resolve().parents[1]


class DurablePostgres(PostgresServer):
    """The suite's private server, flushing every commit to disk as a real one does."""

    def processor_s(self) -> float:
        """Processor seconds the server and its backends have used, those that are gone included."""
        assert self._server is not None
        children = Path(f"/proc/{self._server.pid}/task/{self._server.pid}/children").read_text().split()
        return processor_s(self._server.pid) + sum(processor_s(int(pid)) for pid in children)

    def restart(self) -> None:
        super().restart()
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            if connection.execute("SHOW fsync").fetchone() == ("on",):
                return
        self.stop()
        arguments = [*self._server.args, "-c", "fsync=on", "-c", "shared_buffers=256MB", "-c", "max_wal_size=4GB"]  # type: ignore[union-attr,misc]
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(
                arguments, user=self._user, group=self._group(), extra_groups=None if self._user is None else [],
                cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                psycopg.connect(self.dsn("postgres"), connect_timeout=5).close()
                return
            except psycopg.OperationalError:
                time.sleep(0.05)
        raise RuntimeError(self.log.read_text("utf-8")[-2000:])


def processor_s(pid: int) -> float:
    """Processor seconds of a process and its children that have ended; 0 when it has gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Web:
    """gunicorn with *workers* gthread workers, as in real use."""

    target: str
    env: dict[str, str]
    workers: int = 2
    threads: int = 4
    port: int = field(default_factory=free_port)
    log: Path = field(default_factory=lambda: Path(tempfile.mkstemp(prefix="mw-web-", suffix=".log")[1]))
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "--workers", str(self.workers), "--worker-class", "gthread", "--threads", str(self.threads),
                 "--bind", f"127.0.0.1:{self.port}", "--backlog", "2048", "--keep-alive", "60", "--timeout", "120", self.target],
                cwd=CHECKOUT, env={**os.environ, "PYTHONPATH": f"{CHECKOUT}:{os.environ.get('PYTHONPATH', '')}", **self.env}, stdout=log, stderr=log)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=2).close()
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(self.log.read_text("utf-8")[-3000:])

    def worker_pids(self) -> list[int]:
        """The workers that run now."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def processor_s(self) -> float:
        """Processor seconds the workers have used."""
        return sum(processor_s(pid) for pid in self.worker_pids())

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def errors(self) -> str:
        return self.log.read_text("utf-8", "replace")


@contextmanager
def serving(web: Web) -> Iterator[Web]:
    web.start()
    try:
        yield web
    finally:
        web.stop()
        web.log.unlink(missing_ok=True)


def post(path: str, *, token: str = "", key: str = "") -> bytes:
    """A POST without a body, as it goes over the wire."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Length: 0"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += [f"Idempotency-Key: {key}"] if key else []
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@dataclass
class Load:
    """What came of a run."""

    seconds: float
    statuses: dict[int, int]
    latencies_ms: list[float]

    @property
    def rate(self) -> float:
        return sum(self.statuses.values()) / self.seconds

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def drive(port: int, requests: Sequence[bytes], *, connections: int = 16) -> Load:
    """Send all *requests* over *connections* kept open, each with one request under way."""
    queue = iter(requests)
    selector = selectors.DefaultSelector()
    statuses: dict[int, int] = {}
    latencies: list[float] = []
    sent: dict[socket.socket, float] = {}
    received: dict[socket.socket, bytes] = {}

    def send_next(connection: socket.socket) -> bool:
        request = next(queue, None)
        if request is None:
            selector.unregister(connection)
            connection.close()
            return False
        sent[connection], received[connection] = time.perf_counter(), b""
        connection.sendall(request)
        return True

    start = time.perf_counter()
    alive = 0
    for _ in range(connections):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection, selectors.EVENT_READ)
        alive += send_next(connection)
    while alive:
        for key, _ in selector.select():
            connection = key.fileobj
            assert isinstance(connection, socket.socket)
            data = received[connection] + connection.recv(65536)
            received[connection] = data
            if not _complete(data):
                continue
            latencies.append((time.perf_counter() - sent[connection]) * 1000)
            status = int(data[9:12])
            statuses[status] = statuses.get(status, 0) + 1
            alive -= not send_next(connection)
    return Load(time.perf_counter() - start, statuses, latencies)


def _complete(data: bytes) -> bool:
    head, mark, body = data.partition(b"\r\n\r\n")
    if not mark:
        return False
    lower = head.lower()
    at = lower.find(b"content-length:")
    length = int(lower[at + 15:].split(b"\r\n", 1)[0])
    return len(body) >= length


def temporary_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="mw-bench-"))


def forget(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
