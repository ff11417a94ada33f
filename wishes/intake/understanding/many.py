"""Many files at once, on several processes: each takes the next file, and the first of them hands out what all have read."""

from __future__ import annotations

import gc
import multiprocessing
import os
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")

_TICKETS = 4_000
"""So many tickets of four bytes fit into any pipe."""
_PIPE = 1_048_576


def read_many(read: Callable[[Job], Result], jobs: Sequence[Job], *, processes: int = 2) -> Iterator[Result]:
    """``read`` of every job, in their order, on so many processes, of which this one is the first.

    The others are forked and inherit ``read`` with all that it knows; only results are sent, so these must pickle. With one
    process, few jobs, or where processes cannot be forked (inside a worker of a pool), all is read here. What another process
    could not finish, being ended from outside, is read here too. Raises what ``read`` raises here.
    """
    alone = multiprocessing.current_process().daemon or "fork" not in multiprocessing.get_all_start_methods()
    with without_looking_for_cycles():
        if processes <= 1 or len(jobs) < 8 or alone:
            yield from map(read, jobs)
        else:
            yield from _side_by_side(read, jobs, processes)


def _side_by_side(read: Callable[[Job], Result], jobs: Sequence[Job], processes: int) -> Iterator[Result]:
    step = -(-len(jobs) // _TICKETS)
    tickets, office = os.pipe()
    os.write(office, b"".join(struct.pack("<I", first) for first in range(0, len(jobs), step)))
    os.close(office)  # an empty pipe now says that all is given out
    context = multiprocessing.get_context("fork")
    done: dict[int, Result] = {}
    ends: list[Connection] = []
    workers = []
    gc.freeze()
    for _ in range(processes - 1):
        here, there = context.Pipe(duplex=False)
        _widen(there)
        worker = context.Process(target=_work, args=(read, jobs, tickets, step, there), daemon=True)
        worker.start()
        there.close()
        ends.append(here)
        workers.append(worker)
    gc.unfreeze()
    following = 0
    try:
        for first in _taken(tickets):
            for index in range(first, min(first + step, len(jobs))):
                done[index] = read(jobs[index])
                ends = [end for end in ends if _received(end, done, wait=False)]
                while following in done:
                    yield done.pop(following)
                    following += 1
        while ends:
            ends = [end for end in ends if _received(end, done, wait=True)]
        while following < len(jobs):
            yield done.pop(following) if following in done else read(jobs[following])
            following += 1
    finally:
        os.close(tickets)
        for worker in workers:
            worker.terminate()
            worker.join()


def _work(read: Callable[[Job], Result], jobs: Sequence[Job], tickets: int, step: int, there: Connection) -> None:
    for first in _taken(tickets):
        for index in range(first, min(first + step, len(jobs))):
            there.send((index, read(jobs[index])))
    there.close()


def _taken(tickets: int) -> Iterator[int]:
    """The first job of each ticket this process could get hold of."""
    while ticket := os.read(tickets, 4):
        yield struct.unpack("<I", ticket)[0]


def _received(end: Connection, done: dict[int, Result], *, wait: bool) -> bool:
    """Take what has come in (``wait``: all that will come); False when nothing more will."""
    try:
        while wait or end.poll():
            index, result = end.recv()
            done[index] = result
    except (EOFError, OSError):
        end.close()
        return False
    return True


def _widen(end: Connection) -> None:
    """Let results lie in the pipe while this process reads a file of its own. Linux can; elsewhere the other waits."""
    try:
        import fcntl

        fcntl.fcntl(end.fileno(), fcntl.F_SETPIPE_SZ, _PIPE)  # type: ignore[attr-defined,unused-ignore]
    except (ImportError, AttributeError, OSError):
        return


@contextmanager
def without_looking_for_cycles() -> Iterator[None]:
    """Readings hold no cycles; Python's looking for some would cost a tenth of the time."""
    looked = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looked:
            gc.enable()
