"""A real installation in a folder of its own: commands in processes, and web, worker, beat and broker under the supervisor."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workers.broker import EmbeddedBroker

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "wishes" / "demo" / "hangzhou-2021"
SLUG = "hangzhou-2021"


class Installation:
    """One var directory, its environment, and ways to use it as its owners would."""

    def __init__(self, var_dir: Path, **more: str) -> None:
        self.var_dir = var_dir
        self.port = _free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.env = {
            **os.environ,
            "MICROWISH_VAR_DIR": str(var_dir),
            "MICROWISH_BASE_URL": self.address,
            "PYTHONPATH": str(ROOT),
            **more,
        }
        for name in ("MICROWISH_DATABASE_URL", "MICROWISH_REDIS_URL"):
            if name not in more:
                self.env.pop(name, None)

    def command(self, *words: str) -> str:
        """What ``microwish words…`` prints on standard output. Fails the test with its standard error."""
        done = subprocess.run(
            self._argv(*words), env=self.env, capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0, f"microwish {' '.join(words)}:\n{done.stderr[-3000:]}"
        return done.stdout

    def answer(self, *words: str) -> Any:
        """The JSON that a command prints; nothing else may stand on standard output."""
        return json.loads(self.command(*words, "--json"))

    @staticmethod
    def _argv(*words: str) -> list[str]:
        return [
            sys.executable,
            "-c",
            "import sys; sys.argv[0] = 'microwish'; from wishes.cli import main; main()",
            *words,
        ]

    @contextlib.contextmanager
    def served(self) -> Iterator[subprocess.Popen[bytes]]:
        """``microwish serve`` until the block ends."""
        log = (self.var_dir / "serve.log").open("ab")
        process = subprocess.Popen(
            self._argv("serve", "--port", str(self.port)), env=self.env, stdout=log, stderr=log, start_new_session=True
        )
        try:
            self.wait_for_web(process)
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            log.close()

    def kill(self, process: str) -> int:
        """``kill -9`` every process of one kind of this installation; answers how many there were."""
        if process == "broker":  # redis-server writes its title over its environment
            pid = EmbeddedBroker(self.var_dir).pid()
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
            return int(pid is not None)
        marks = {"web": "wishes.app:create_app", "worker": "workers\0worker", "beat": "workers\0beat"}
        killed = 0
        for folder in Path("/proc").iterdir():
            if folder.name.isdecimal():
                with contextlib.suppress(OSError):
                    ours = f"MICROWISH_VAR_DIR={self.var_dir}\0".encode() in (folder / "environ").read_bytes()
                    if ours and marks[process].encode() in (folder / "cmdline").read_bytes():
                        os.kill(int(folder.name), signal.SIGKILL)
                        killed += 1
        return killed

    def wait_for_web(self, process: subprocess.Popen[bytes] | None = None) -> None:
        """Until the sign-in page answers. Fails the test with the log when it does not, or when *process* ended."""
        give_up = time.monotonic() + 90
        while time.monotonic() < give_up:
            with (
                contextlib.suppress(urllib.error.URLError, OSError),
                urllib.request.urlopen(f"{self.address}/sign-in", timeout=5) as page,
            ):
                if page.status == 200:
                    return
            assert process is None or process.poll() is None, (self.var_dir / "serve.log").read_text()[-3000:]
            time.sleep(0.2)
        raise AssertionError(f"no answer from {self.address}:\n{(self.var_dir / 'serve.log').read_text()[-3000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
