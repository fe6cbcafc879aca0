"""``fawang rotate-keys``: a new field key; old values stay readable and are sealed anew row by row."""

from __future__ import annotations

import argparse

from fawang.console.setup import ready

HELP = "make a new encryption key and seal every field under it"


def arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def run(options: argparse.Namespace) -> int:
    """Rotate and reseal, with progress."""
    ready()
    from django.apps import apps
    from django.db import transaction

    from fawang.kernel import crypto
    from fawang.kernel.fields import SealedTextField

    number = crypto.rotate()
    for model in apps.get_models():
        names = [f.name for f in model._meta.concrete_fields if isinstance(f, SealedTextField)]
        if not names:
            continue
        done = 0
        keys = list(model._default_manager.values_list("pk", flat=True))
        for start in range(0, len(keys), 500):
            with transaction.atomic():
                for row in model._default_manager.select_for_update().filter(pk__in=keys[start : start + 500]):
                    row.save(update_fields=names)
                    done += 1
        print(f"{model._meta.label}: {done}")
    print(f"新密钥编号 {number} / New key id {number}.")
    return 0
