"""E-mail over SMTP."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from urllib.parse import unquote, urlsplit

from wishes.tracking.channels.message import Message, PermanentFailure, TransientFailure

TIMEOUT_S = 15


class Email:
    """``smtp://[user:password@]host[:port]`` (STARTTLS where the server offers it; always with a password) or ``smtps://``.

    The Message-ID is made from the key, so that a repetition is the same letter. Still not repeatable: most mailboxes show both.
    """

    name, repeatable, per_minute = "email", False, None

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("an SMTP address looks like smtp://user:password@host:587")
        if "@" not in parseaddr(sender)[1]:
            raise ValueError("the sender is not an e-mail address")
        self._host, self._tls = parts.hostname, parts.scheme == "smtps"
        self._port = parts.port or (465 if self._tls else 25)
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._sender = sender

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
            self._hand_over(letter)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise (PermanentFailure if all(code >= 500 for code in codes) else TransientFailure)(
                f"recipient refused: {codes}"
            ) from error
        except smtplib.SMTPResponseException as error:
            # the sign-in being refused is the installation's fault, not the letter's
            lasting = error.smtp_code >= 500 and not isinstance(error, smtplib.SMTPAuthenticationError)
            raise (PermanentFailure if lasting else TransientFailure)(f"SMTP {error.smtp_code}") from error
        except (smtplib.SMTPException, OSError) as error:
            raise TransientFailure(type(error).__name__) from error

    def _hand_over(self, letter: EmailMessage) -> None:
        context = ssl.create_default_context()
        server = (
            smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT_S, context=context)
            if self._tls
            else smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_S)
        )
        with server:
            server.ehlo()
            if not self._tls and (self._user or server.has_extn("starttls")):
                server.starttls(context=context)
            if self._user:
                server.login(self._user, self._password)
            server.send_message(letter)
