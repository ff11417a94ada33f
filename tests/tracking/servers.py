"""Real servers on loopback that write down what reaches them: SMTP and HTTP."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Mailbox:
    """Letters in the order of arrival. ``refuse(recipient)`` answers an SMTP reply to RCPT, or None to accept."""

    port: int = 0
    letters: list[EmailMessage] = field(default_factory=list)
    refuse: Callable[[str], str | None] = lambda recipient: None
    verdict: Callable[[], str | None] = lambda: "250 taken"
    goodbye: str = "221 bye"

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"


@contextmanager
def smtp_server() -> Iterator[Mailbox]:
    box = Mailbox()

    class Handler(socketserver.StreamRequestHandler):
        def say(self, text: str) -> None:
            self.wfile.write(text.encode() + b"\r\n")

        def handle(self) -> None:
            self.say("220 loopback ESMTP")
            for raw in self.rfile:
                word = raw.decode().strip()
                verb = word.upper()
                if verb.startswith("EHLO"):
                    self.say("250-loopback\r\n250 8BITMIME")
                elif verb.startswith("RCPT"):
                    self.say(box.refuse(word.partition("<")[2].rstrip(">")) or "250 OK")
                elif verb == "DATA":
                    self.say("354 go on")
                    lines = []
                    for line in self.rfile:
                        if line == b".\r\n":
                            break
                        lines.append(line[1:] if line.startswith(b"..") else line)
                    box.letters.append(message_from_bytes(b"".join(lines), policy=policy.default))  # type: ignore[arg-type]
                    verdict = box.verdict()
                    if verdict is None:  # taken, and the line goes dead before we could say so
                        return
                    self.say(verdict)
                elif verb == "QUIT":
                    self.say(box.goodbye)
                    return
                else:
                    self.say("250 OK")

    with running(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)) as box.port:
        yield box


@contextmanager
def running(server: socketserver.ThreadingTCPServer) -> Iterator[int]:
    """Serve in a thread of its own until the block ends; the value is the port."""
    server.daemon_threads = True
    with server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@dataclass(frozen=True)
class Call:
    """One request: its path, query and headers, and the JSON it carries."""

    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: dict[str, Any]


Answer = tuple[int, dict[str, Any], dict[str, str]]
"""Status, JSON, further headers."""


@contextmanager
def json_server(answer: Callable[[Call], Answer]) -> Iterator[int]:
    """Whatever is asked is answered with JSON; the value is the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, told, headers = answer(
                Call(parts.path, parse_qs(parts.query), dict(self.headers), json.loads(sent) if sent else {})
            )
            raw = json.dumps(told).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(raw))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

        do_POST = do_GET

        def log_message(self, *args: Any) -> None:
            return

    with running(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield port


@dataclass
class Posts:
    """What was posted, with its headers; ``answer`` gives status and JSON for the next posts."""

    port: int = 0
    received: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)
    answer: tuple[int, dict[str, Any]] = (200, {"errcode": 0})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/send"


@contextmanager
def http_server() -> Iterator[Posts]:
    posts = Posts()

    def taken(call: Call) -> Answer:
        posts.received.append((call.headers, call.body))
        status, told = posts.answer
        return status, told, {"Location": posts.url} if status in (301, 302) else {}

    with json_server(taken) as posts.port:
        yield posts
