"""``fawang first-admins``: the three administrators of an empty house (三员分立), one password each, shown once."""

from __future__ import annotations

import argparse
import secrets

from fawang.console.halt import Halt
from fawang.console.setup import ready

HELP = "make the first three administrators"


def arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def run(options: argparse.Namespace) -> int:
    """Make them and print their first passwords."""
    ready()
    from fawang.kernel.errors import Refusal
    from fawang.people.accounts import create_first_administrators
    from fawang.people.roles import ADMINISTRATORS, ROLES

    passwords = {role: secrets.token_urlsafe(12) for role in ADMINISTRATORS}
    try:
        create_first_administrators(passwords=passwords)
    except Refusal as refusal:
        raise Halt(str(refusal)) from None
    for role, password in passwords.items():
        print(f"{ROLES[role].zh}  {role}  {password}")
    print("请分别交给三个人，首次登录须改密码并绑定动态码。")
    return 0
