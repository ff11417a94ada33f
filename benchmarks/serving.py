"""What the benchmarks of the claim path share: servers to measure against, people to claim with, a client that costs little."""

from __future__ import annotations

import selectors
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.claims.serving import processor_s
from tests.services.postgres import PostgresServer


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
                arguments,
                user=self._user,
                group=self._group(),
                extra_groups=None if self._user is None else [],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                psycopg.connect(self.dsn("postgres"), connect_timeout=5).close()
                return
            except psycopg.OperationalError:
                time.sleep(0.05)
        raise RuntimeError(self.log.read_text("utf-8")[-2000:])


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
    length = int(lower[at + 15 :].split(b"\r\n", 1)[0])
    return len(body) >= length


def temporary_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="mw-bench-"))


def forget(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
