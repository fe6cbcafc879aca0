"""The ground a campaign runs on: an empty house with two offices, made by the product itself in a process of its own."""

from __future__ import annotations

import os


def main() -> None:
    """Start the private database, migrate, add a bureau, an agency and its dispatcher."""
    from fawang.console.database import connect
    from fawang.console.migrate import migrate

    _, owner = connect()
    migrate(owner)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from fawang.people.accounts import create_staff, grant_role
    from fawang.people.actors import SYSTEM
    from fawang.registry.models import Organisation
    from fawang.registry.services import add_organisation
    from tests.fault.office import USERNAME

    if not Organisation.objects.exists():
        bureau = add_organisation(actor=SYSTEM, kind="justice_bureau", name="试验司法局", region_code="340100", parent=None, demo=True)
        agency = add_organisation(actor=SYSTEM, kind="legal_aid_agency", name="试验法律援助中心", region_code="340100", parent=bureau, demo=True)
        dispatcher = create_staff(actor=SYSTEM, username=USERNAME, name="试验派单员", password=None, office_id=agency.pk)
        grant_role(actor=SYSTEM, staff=dispatcher, role="dispatcher", office_id=agency.pk)


if __name__ == "__main__":
    main()
