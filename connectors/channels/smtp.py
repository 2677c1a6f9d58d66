"""Mail through an SMTP server: message in, one mail out. Blocking calls run in a thread that can be given up."""

from __future__ import annotations

import logging
import smtplib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage

from connectors.channels.chart_png import chart_png
from connectors.channels.daemon_call import call_in_daemon
from connectors.channels.mail import mail_of
from connectors.channels.settings import EmailSettings
from schemas.clock import Clock
from schemas.errors import UsageError
from schemas.ports.channel import Message, Outcome

logger = logging.getLogger(__name__)

#: A picture that is not drawn by then is left out (the first of a process waits for imports, seconds on a slow machine).
_CHART_TIMEOUT_S = 3.0

#: Opens a guarded connection to (host, port) with a time-out in seconds; raises OSError like the socket module.
OpenSocket = Callable[[str, int, float], socket.socket]


@dataclass
class _Session:
    """The connection of one try, so that a try given up can be ended from outside its thread."""

    open_socket: OpenSocket
    sock: socket.socket | None = None

    def end(self) -> None:
        """Wake the thread that reads from the connection; closing alone would not."""
        if self.sock is not None:
            try:
                self.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # It is closed already.


class _GuardedSmtp(smtplib.SMTP):
    """smtplib over a socket of ours. ``_get_socket`` is the hook the library's own SMTP_SSL overrides too."""

    def __init__(self, settings: EmailSettings, session: _Session, tls: ssl.SSLContext | None) -> None:
        self._session = session
        self._tls_from_start = tls
        # The name said in EHLO is the sender's domain: looking up our own could block on DNS.
        name = settings.sender.rpartition("@")[2]
        super().__init__(settings.host, settings.port, timeout=settings.timeout_s, local_hostname=name)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        sock = self._session.open_socket(host, port, timeout)
        self._session.sock = sock
        if self._tls_from_start is not None:
            sock = self._tls_from_start.wrap_socket(sock, server_hostname=host)
            self._session.sock = sock
        return sock


def _trust(settings: EmailSettings) -> ssl.SSLContext:
    if settings.ca_file is None:
        return ssl.create_default_context()
    try:
        return ssl.create_default_context(cafile=str(settings.ca_file))
    except OSError as error:
        raise UsageError(
            f'receiver "{settings.name}": file {settings.ca_file}, named by ca_file, cannot be used: {error.strerror or error}',
            remedy="name a file with certificates (PEM) that this user may read",
        ) from error


class EmailChannel:
    """Sends each message to all of ``settings.to`` in one mail. An encrypted connection never falls back to an open one."""

    def __init__(self, settings: EmailSettings, password: str | None, open_socket: OpenSocket, clock: Clock) -> None:
        self._settings = settings
        self._password = password
        self._open_socket = open_socket
        self._clock = clock
        self._tls = None if settings.encryption == "none" else _trust(settings)

    @property
    def receiver(self) -> str:
        """The receiver's name."""
        return self._settings.name

    async def send(self, message: Message) -> Outcome:
        """Send ``message`` once; what the server says in words is not repeated, its code is."""
        settings = self._settings
        chart = await self._chart(message)
        mail = mail_of(message, sender=settings.sender, to=settings.to, now=self._clock.now(), chart=chart)
        session = _Session(self._open_socket)
        try:
            return await call_in_daemon(
                lambda: self._hand_over(mail, session), timeout_s=settings.timeout_s, name="tocsin-smtp"
            )
        except TimeoutError:
            return _unclear(f"no answer within {settings.timeout_s:g} s")
        except (smtplib.SMTPException, OSError, ValueError) as error:
            logger.debug("receiver %s: %s", settings.name, type(error).__name__)
            return outcome_of_error(error)
        finally:
            session.end()

    async def _chart(self, message: Message) -> bytes | None:
        """Return the picture for ``message``, or None: a mail without it is better than none."""
        if not message.hours:
            return None
        try:
            return await call_in_daemon(
                lambda: chart_png(message.hours), timeout_s=_CHART_TIMEOUT_S, name="tocsin-chart"
            )
        except (TimeoutError, ImportError, ValueError, MemoryError) as error:
            logger.warning("receiver %s: no chart: %s", self._settings.name, type(error).__name__)
            return None

    def _hand_over(self, mail: EmailMessage, session: _Session) -> Outcome:
        settings = self._settings
        tls_from_start = self._tls if settings.encryption == "tls" else None
        smtp = _GuardedSmtp(settings, session, tls_from_start)
        try:
            if settings.encryption == "starttls":
                smtp.starttls(context=self._tls)
            if settings.user is not None and self._password is not None:
                smtp.login(settings.user, self._password)
            refused = smtp.send_message(mail, settings.sender, list(settings.to))
            self._say_goodbye(smtp)
        finally:
            smtp.close()
        if refused:
            logger.warning("receiver %s: %d of %d addresses refused", settings.name, len(refused), len(settings.to))
            return Outcome(
                result="delivered", detail=f"accepted, but not for {len(refused)} of {len(settings.to)} addresses"
            )
        return Outcome(result="delivered", detail="accepted by the mail server")

    def _say_goodbye(self, smtp: smtplib.SMTP) -> None:
        """Send QUIT and wait for no answer: the mail is accepted, and nothing said after that may change the outcome."""
        try:
            smtp.putcmd("QUIT")
        except (smtplib.SMTPException, OSError) as error:
            logger.debug("receiver %s: %s after the mail", self._settings.name, type(error).__name__)

    async def close(self) -> None:
        """Nothing stays open between mails."""


def outcome_of_error(error: Exception) -> Outcome:
    """Return what an error of a try means: codes from 500 on and what cannot change by itself are refused, the rest is
    tried again (RFC 5321 §4.2.1)."""
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Outcome(
            result="refused", detail="the mail server does not offer what the settings ask for (TLS, login, UTF-8)"
        )
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = sorted({code for code, _ in error.recipients.values()})
        result = "refused" if all(code >= 500 for code in codes) else "retry"
        return _outcome(result, f"the mail server refused every address ({', '.join(map(str, codes))})")
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return _outcome("refused" if error.smtp_code >= 500 else "retry", f"the login failed ({error.smtp_code})")
    if isinstance(error, smtplib.SMTPResponseException):
        return _outcome("refused" if error.smtp_code >= 500 else "retry", f"the mail server answered {error.smtp_code}")
    if isinstance(error, ssl.SSLError):
        return _outcome("retry", "no secure connection: its certificate or TLS version is not accepted")
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return _unclear("the mail server hung up")
    if isinstance(error, smtplib.SMTPException | ValueError):
        return _outcome("refused", f"the mail cannot be sent: {type(error).__name__}")
    words = (
        error.strerror.lower()
        if isinstance(error, OSError) and error.errno and error.strerror
        else type(error).__name__
    )
    return _outcome("retry", f"no connection: {words}")


def _outcome(result: str, detail: str) -> Outcome:
    return Outcome(result="refused" if result == "refused" else "retry", detail=detail)


def _unclear(detail: str) -> Outcome:
    return Outcome(result="retry", detail=f"{detail}; it may have arrived all the same", may_have_arrived=True)
