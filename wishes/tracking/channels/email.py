"""E-mail over SMTP."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, parseaddr
from urllib.parse import unquote, urlsplit

from wishes.tracking.channels.message import Message, PermanentFailure, TransientFailure, UnclearOutcome

LETTERS_A_DAY = 5
TIMEOUT_S = 15
VERDICT_TIMEOUT_S = 30
"""How long a server may think about a letter it has been given; until it answers nobody knows who has it (RFC 5321, 4.5.3.2.6)."""


class Email:
    """``smtp://[user:password@]host[:port]`` (STARTTLS where the server offers it; always with a password) or ``smtps://``.

    The Message-ID is made from the key, so that a repetition is the same letter. Still not repeatable: most mailboxes show both.
    """

    name, repeatable, per_minute = "email", False, None

    def __init__(self, url: str, sender: str, *, a_day: int = LETTERS_A_DAY) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("an SMTP address looks like smtp://user:password@host:587")
        if "@" not in parseaddr(sender)[1]:
            raise ValueError("the sender is not an e-mail address")
        self._host, self._tls = parts.hostname, parts.scheme == "smtps"
        self._port = parts.port or (465 if self._tls else 25)
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._sender, self.a_day = sender, a_day

    def address(self, login: str | None) -> str | None:
        return login if login is not None and "@" in login else None

    def send(self, message: Message) -> None:
        letter = EmailMessage()
        letter["Subject"], letter["From"], letter["To"] = message.title, self._sender, message.address
        letter["Date"] = formatdate()
        domain = parseaddr(self._sender)[1].rpartition("@")[2]
        letter["Message-ID"] = f"<{hashlib.sha256(message.key.encode()).hexdigest()[:40]}@{domain}>"
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(message.body)
        try:
            with self._connected() as server:
                self._address(server, message.address)
                self._hand_over(server, letter)
        except smtplib.SMTPResponseException as error:
            # the sign-in being refused is the installation's fault, not the letter's
            lasting = error.smtp_code >= 500 and not isinstance(error, smtplib.SMTPAuthenticationError)
            raise (PermanentFailure if lasting else TransientFailure)(f"SMTP {error.smtp_code}") from error
        except (smtplib.SMTPException, OSError) as error:
            raise TransientFailure(type(error).__name__) from error

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        context = ssl.create_default_context()
        server = (
            smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT_S, context=context)
            if self._tls
            else smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_S)
        )
        try:
            server.ehlo()
            if not self._tls and (self._user or server.has_extn("starttls")):
                server.starttls(context=context)
                server.ehlo()
            if self._user:
                server.login(self._user, self._password)
            yield server
        finally:
            # whatever it says to our good-bye, the letter is with it or not
            with suppress(smtplib.SMTPException, OSError):
                server.quit()

    def _address(self, server: smtplib.SMTP, address: str) -> None:
        for code, text in (server.mail(parseaddr(self._sender)[1]), server.rcpt(address)):
            if code not in (250, 251):
                raise smtplib.SMTPResponseException(code, text)

    def _hand_over(self, server: smtplib.SMTP, letter: EmailMessage) -> None:
        """From here to the server's answer nobody knows who has the letter."""
        if server.sock is not None:
            server.sock.settimeout(VERDICT_TIMEOUT_S)
        try:
            code, text = server.data(letter.as_bytes(policy=SMTP))
        except smtplib.SMTPServerDisconnected as error:
            raise UnclearOutcome("no answer after the letter was handed over") from error
        if code != 250:
            raise smtplib.SMTPResponseException(code, text)
