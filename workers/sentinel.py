"""The supervisor's executor: ends what is left of its children when the supervisor itself was killed.

Reads lines ``+PGID`` and ``-PGID`` from standard input. The input ends when the supervisor is gone, however it went;
process groups still on the list are then asked to stop, and after the grace killed.

Run as a file by ``workers.supervisor`` (``python workers/sentinel.py GRACE_SECONDS``); imports nothing of the project.
"""

from __future__ import annotations

import os
import signal
import sys
import time


def tell(groups: set[int], word: signal.Signals) -> set[int]:
    """Send ``word`` to each process group; returns those that still exist."""
    alive = set()
    for group in groups:
        try:
            os.killpg(group, word)
        except ProcessLookupError:
            continue
        except PermissionError:
            pass  # exists, and is not ours to end
        alive.add(group)
    return alive


def watch(grace_s: float) -> None:
    """Keep the list until standard input ends, then carry it out."""
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line.startswith("+"):
            groups.add(group)
        else:
            groups.discard(group)
    until = time.monotonic() + grace_s
    groups = tell(groups, signal.SIGTERM)
    while groups and time.monotonic() < until:
        time.sleep(0.05)
        groups = {group for group in groups if group_exists(group)}
    tell(groups, signal.SIGKILL)


def group_exists(group: int) -> bool:
    """Whether any process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    for deaf_to in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(deaf_to, signal.SIG_IGN)
    watch(float(sys.argv[1]))
