"""Letters by SMTP: one plain text to one address, with a Message-ID that stays the same at every try."""

import ipaddress
import smtplib
import ssl
from contextlib import closing, suppress
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import SplitResult, unquote, urlsplit

from server.errors import SetupFault
from server.telling.patience import cut_off

TIMEOUT_S, WHOLE_S = 15.0, 60.0
PERMANENT = 500


class Undeliverable(Exception):
    """The post office refuses this address for good."""


def compose(
    sender: str, recipient: str, subject: str, text: str, key: str, made_at: datetime
) -> EmailMessage:
    """The letter as it goes out; the same bytes at every try, so that a repeat can be folded by its Message-ID."""
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = sender, recipient, subject
    letter["Date"] = format_datetime(made_at)
    letter["Message-ID"] = f"<{key}@{sender.rpartition('@')[2].strip('<> ')}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(text)
    return letter


def send(smtp_url: str, letter: EmailMessage) -> None:
    """Hands the letter to the post office. Raises Undeliverable, or SMTPException and OSError to try again."""
    url = urlsplit(smtp_url)
    office = _office(url)
    with closing(office), cut_off(WHOLE_S, lambda: office.sock):
        _enter(office, url)
        if url.username:
            office.login(unquote(url.username), unquote(url.password or ""))
        try:
            office.send_message(letter)
        except smtplib.SMTPRecipientsRefused as refused:
            if all(code >= PERMANENT for code, _ in refused.recipients.values()):
                raise Undeliverable(_said(refused)) from refused
            raise
        # The letter is theirs now, whatever they say to the farewell.
        with suppress(smtplib.SMTPException, OSError):
            office.quit()


def _office(url: SplitResult) -> smtplib.SMTP:
    """Who will be spoken to, not yet connected: the clock runs from the first word on."""
    if url.scheme == "smtps":
        return smtplib.SMTP_SSL(timeout=TIMEOUT_S, context=ssl.create_default_context())
    if url.scheme != "smtp":
        raise SetupFault("XUNGE_SMTP_URL must begin with smtp:// or smtps://.")
    return smtplib.SMTP(timeout=TIMEOUT_S)


def _enter(office: smtplib.SMTP, url: SplitResult) -> None:
    """Connects, encrypted wherever that is offered; a password never leaves this machine in the clear."""
    host, secure = url.hostname or "localhost", url.scheme == "smtps"
    # The library checks a certificate against the name that it was made with.
    office._host = host  # type: ignore[attr-defined]
    office.connect(host, url.port or (465 if secure else 25))
    office.ehlo()
    if not secure and office.has_extn("starttls"):
        office.starttls(context=ssl.create_default_context())
        office.ehlo()
    elif not secure and url.username and not _is_here(host):
        raise SetupFault("The post office offers no encryption, so the password was not sent. Use smtps://.")


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _said(refused: smtplib.SMTPRecipientsRefused) -> str:
    code, words = next(iter(refused.recipients.values()))
    return f"{code} {words.decode('utf-8', 'replace')}"
