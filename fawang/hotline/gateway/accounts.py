"""The line of a browser seat at the engine: its account, its secret, its address. All derived, none stored, none ever shown to a browser."""

from __future__ import annotations

import hmac

from django.utils.crypto import salted_hmac

from fawang.hotline.engines.commands import Phone
from fawang.hotline.engines.embedded.sip.digest import ha1

_SALT = "fawang.hotline.seat-line"


def account_of(number: str) -> str:
    """The engine's name for the browser line of a seat; the desk phone's account is the bare number."""
    return f"web-{number}"


def secret_of(number: str) -> str:
    """What the gateway proves itself with when it registers the line."""
    return salted_hmac(f"{_SALT}.secret", number, algorithm="sha256").hexdigest()


def address_of(number: str) -> str:
    """The user part of the line's contact. Only the engine is told it: whoever calls anything else reaches nobody."""
    return f"{number}.{salted_hmac(f'{_SALT}.address', number, algorithm='sha256').hexdigest()[:32]}"


def seat_of(address: str) -> str:
    """The seat whose contact this is; empty for anything made up."""
    number = address.partition(".")[0]
    return number if number and hmac.compare_digest(address.encode(), address_of(number).encode()) else ""


def phone_of(number: str, realm: str) -> Phone:
    """The line's account as the engine keeps it: digest keys, not the secret."""
    account, secret = account_of(number), secret_of(number)
    return Phone(account=account, ha1_md5=ha1("MD5", account, realm, secret), ha1_sha256=ha1("SHA-256", account, realm, secret))
