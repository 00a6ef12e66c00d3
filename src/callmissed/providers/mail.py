"""Sending mail through the operator's SMTP server (RFC 5321; STARTTLS RFC 3207)."""

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import SplitResult, unquote, urlsplit

from callmissed.domain.errors import Kind, Refusal
from callmissed.domain.mails import Mail

TIMEOUT_S = 10
TLS_PORT, PORT = 465, 587
THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
PERMANENT = 500


class Mailer:
    """`url` is `smtp(s)://[user:password@]host[:port]`; a connection a mail."""

    def __init__(self, url: str, sender: str) -> None:
        self._url = url
        self._sender = sender

    async def send(self, mail: Mail) -> bool:
        """False where the server refuses this mail for good.

        Raises Refusal PROVIDER_UNAVAILABLE where trying again can help.
        """
        try:
            return await asyncio.to_thread(self._send, mail)
        except (OSError, smtplib.SMTPException) as error:
            raise Refusal(
                Kind.PROVIDER_UNAVAILABLE,
                f"The mail server did not take a mail ({type(error).__name__}).",
                "Check CALLMISSED_SMTP_URL and the mail server.",
                retry_after_s=60,
            ) from error

    def _send(self, mail: Mail) -> bool:
        parts = urlsplit(self._url)
        with _connect(parts) as server:
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            try:
                server.send_message(self._compose(mail))
            except smtplib.SMTPRecipientsRefused as error:
                codes = [code for code, _ in error.recipients.values()]
                if all(code >= PERMANENT for code in codes):
                    return False
                raise
            except (ValueError, smtplib.SMTPNotSupportedError):
                # An address that this server, or mail at all, cannot spell.
                return False
        return True

    def _compose(self, mail: Mail) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = mail.to
        message["Subject"] = " ".join(mail.subject.split())
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain=self._sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        return message


def _connect(parts: SplitResult) -> smtplib.SMTP:
    """Over TLS; a server on this machine may do without."""
    host, secure = parts.hostname or "", ssl.create_default_context()
    if parts.scheme == "smtps":
        return smtplib.SMTP_SSL(host, parts.port or TLS_PORT, timeout=TIMEOUT_S, context=secure)
    server = smtplib.SMTP(host, parts.port or PORT, timeout=TIMEOUT_S)
    try:
        server.ehlo()
        if host not in THIS_MACHINE or server.has_extn("starttls"):
            server.starttls(context=secure)
            server.ehlo()
    except BaseException:
        server.close()
        raise
    return server
