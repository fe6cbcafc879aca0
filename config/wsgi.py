"""The web process: pages and API."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from fawang.kernel.logs import mask_endings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()
mask_endings()
