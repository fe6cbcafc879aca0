"""The ground: the demonstration's hotline on an empty house, made by the product itself in a process of its own."""

from __future__ import annotations

from tests.fault import seed


def main() -> None:
    """An office for the hotline, pools, seats, an edition in force."""
    seed.main()
    from django.db import transaction

    from fawang.console.demo_hotline import load_hotline
    from fawang.people.actors import SYSTEM
    from fawang.registry.models import Organisation
    from fawang.registry.services import add_organisation

    if not Organisation.objects.filter(kind="hotline_platform").exists():
        add_organisation(actor=SYSTEM, kind="hotline_platform", name="试验12348平台", region_code="340000", parent=None, demo=True)
    with transaction.atomic():
        load_hotline()


if __name__ == "__main__":
    main()
