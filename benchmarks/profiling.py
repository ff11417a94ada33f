"""Where the processor time of a request goes: the stack of one process, sampled while it answers without HTTP around it."""

from __future__ import annotations

import io
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any


def in_process(app: Any, requests: list[tuple[str, str, str]]) -> float:
    """Processor microseconds a request of *app* takes without HTTP around it; each is path, token, key."""

    def answer(path: str, token: str, key: str) -> str:
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": path,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": sys.stderr,
            "CONTENT_LENGTH": "0",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "127.0.0.1",
        }
        environ |= {"HTTP_AUTHORIZATION": f"Bearer {token}"} if token else {}
        environ |= {"HTTP_IDEMPOTENCY_KEY": key} if key else {}
        seen: list[str] = []
        list(app(environ, lambda status, headers, exc_info=None: seen.append(status)))
        return seen[0]

    half = len(requests) // 10
    for one in requests[:half]:
        answer(*one)
    start = time.process_time()
    for one in requests[half:]:
        if not (got := answer(*one)).startswith("200"):
            raise RuntimeError(got)
    return (time.process_time() - start) / (len(requests) - half) * 1e6


PLACES = (
    ("/sqlalchemy/", "SQLAlchemy"),
    ("/sqlmodel/", "SQLAlchemy"),
    ("/psycopg", "psycopg"),
    ("/flask/", "Flask and Werkzeug"),
    ("/werkzeug/", "Flask and Werkzeug"),
    ("/flask_wtf/", "CSRF guard"),
    ("/pydantic", "pydantic"),
    ("/wishes/web/", "web"),
    ("/wishes/", "claims"),
)


def profiled(run: Callable[[], float]) -> tuple[float, Counter[str], Counter[str], int]:
    """Sample the stack each millisecond of processor time while *run* does its work: innermost by package, any depth by function."""
    inner: Counter[str] = Counter()
    anywhere: Counter[str] = Counter()
    samples = 0

    def sample(_number: int, frame: FrameType | None) -> None:
        nonlocal samples
        samples += 1
        named = False
        seen = set()
        while frame is not None:
            file = frame.f_code.co_filename
            place = next((name for part, name in PLACES if part in file), None)
            if place and not named:
                inner[place] += 1
                named = True
            if "/wishes/" in file or "/flask/" in file:
                seen.add(f"{file.rsplit('/', 2)[-2]}/{Path(file).stem}.{frame.f_code.co_qualname}")
            frame = frame.f_back
        inner["Python and the rest"] += not named
        anywhere.update(seen)

    signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
    cost = run()
    signal.setitimer(signal.ITIMER_PROF, 0)
    return cost, inner, anywhere, samples


def show(cost_us: float, inner: Counter[str], anywhere: Counter[str], samples: int) -> None:
    """Print what :func:`profiled` found."""
    print(f"\nWhere the {cost_us:.0f} us of ours go ({samples} samples):")
    for place, count in inner.most_common():
        print(f"  {count / samples:6.1%}  {cost_us * count / samples:5.0f} us  {place}")
    print("Share of the time below each function:")
    for function, count in anywhere.most_common(22):
        print(f"  {count / samples:6.1%}  {function}")
