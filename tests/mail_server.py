"""A mail server on loopback that keeps what it is given (RFC 5321), and refuses when told to."""

import asyncio
import email
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default


@dataclass(slots=True)
class MailServer:
    """`url` is for CALLMISSED_SMTP_URL. `refuse` answers a recipient in the place of taking it, as
    many times as its list has answers; None takes it.
    """

    url: str = ""
    received: list[EmailMessage] = field(default_factory=list)
    refuse: list[str] = field(default_factory=list)

    async def speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())

        say("220 tests")
        while line := (await reader.readline()).decode().strip():
            verb = line.partition(" ")[0].upper()
            if verb == "RCPT" and self.refuse:
                say(self.refuse.pop(0))
            elif verb == "DATA":
                say("354 go on")
                self.received.append(await read_mail(reader))
                say("250 taken")
            elif verb == "QUIT":
                say("221 bye")
                break
            else:
                say("250 fine")
        writer.close()


async def read_mail(reader: asyncio.StreamReader) -> EmailMessage:
    lines = []
    while (line := await reader.readline()) not in (b".\r\n", b""):
        lines.append(line.removeprefix(b"."))
    return email.message_from_bytes(b"".join(lines), _class=EmailMessage, policy=default)


@asynccontextmanager
async def running_mail_server() -> AsyncIterator[MailServer]:
    mail_server = MailServer()
    server = await asyncio.start_server(mail_server.speak, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    mail_server.url = f"smtp://127.0.0.1:{port}"
    try:
        yield mail_server
    finally:
        server.close()
