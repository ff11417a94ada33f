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

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield box
        server.shutdown()
        thread.join()


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

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            posts.received.append((dict(self.headers), body))
            status, answer = posts.answer
            raw = json.dumps(answer).encode()
            self.send_response(status)
            if status in (301, 302):
                self.send_header("Location", posts.url)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *args: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        posts.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield posts
        server.shutdown()
        thread.join()
