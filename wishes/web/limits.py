"""How many requests a minute one sign-in and one address may make. Counted in Redis where there is one, else by each process for itself.

A sliding window of a minute. A cookie or token counts for itself, good or not, and everything from one address together for
:data:`ADDRESS_SHARE` as much, so that inventing tokens helps nobody. When Redis is away the process counts alone for a while.

The claim is left out: it costs half a millisecond in all, is paid for with a claim of a limited number, and an unknown token is refused
after one look-up by index. Static files are left out: they never reach the database.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from threading import Lock

import redis
from flask import Flask, request

from wishes.errors import TooManyRequests
from wishes.settings import Settings
from wishes.web.identity import cookie_name

log = logging.getLogger("microwish.web")
WINDOW_S = 60
ADDRESS_SHARE = 5
FREE = frozenset({"static", "api.claim_wish"})
AWAY_S = 10.0
MOST_KEYS = 100_000


class Counting:
    """Requests per key in this minute and the last."""

    def __init__(self, redis_url: str | None, clock: Callable[[], float] = time.time) -> None:
        self._redis = (
            redis.Redis.from_url(redis_url, socket_timeout=0.2, socket_connect_timeout=0.2) if redis_url else None
        )
        self._clock, self._away_until = clock, 0.0
        self._minute, self._now, self._before = 0, dict[str, int](), dict[str, int]()
        self._lock = Lock()

    def count(self, key: str) -> float:
        """Count one request; answers how many there were within the last minute, this one included."""
        at = self._clock()
        minute, part = int(at // WINDOW_S), at % WINDOW_S / WINDOW_S
        now, before = self._shared(key, minute, at) or self._own(key, minute)
        return now + before * (1 - part)

    def _shared(self, key: str, minute: int, at: float) -> tuple[int, int] | None:
        if self._redis is None or at < self._away_until:
            return None
        name = f"wish:limit:{hashlib.sha256(key.encode()).hexdigest()[:24]}"
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                pipe.incr(f"{name}:{minute}").expire(f"{name}:{minute}", 2 * WINDOW_S).get(f"{name}:{minute - 1}")
                now, _, before = pipe.execute()
        except redis.RedisError as error:
            self._away_until = at + AWAY_S
            log.warning(
                "Redis does not answer (%s): requests are counted by each process for itself", type(error).__name__
            )
            return None
        return int(now), int(before or 0)

    def _own(self, key: str, minute: int) -> tuple[int, int]:
        with self._lock:
            if minute != self._minute:
                self._before = self._now if minute == self._minute + 1 else {}
                self._minute, self._now = minute, {}
            if len(self._now) >= MOST_KEYS and key not in self._now:
                key = "the rest"
            self._now[key] = self._now.get(key, 0) + 1
            return self._now[key], self._before.get(key, 0)


def install(app: Flask, settings: Settings) -> None:
    """Refuse with 429 and Retry-After whoever asks too often."""
    most = settings.requests_per_minute
    if not most:
        return
    counting = Counting(settings.redis_url)

    @app.before_request
    def _count() -> None:
        if request.endpoint in FREE:
            return
        credential = request.headers.get("Authorization") or request.cookies.get(cookie_name())
        too_many = counting.count(f"address:{request.remote_addr}") > most * (ADDRESS_SHARE if credential else 1)
        if credential and counting.count(f"credential:{credential}") > most:
            too_many = True
        if too_many:
            raise TooManyRequests(seconds=WINDOW_S // 4)
