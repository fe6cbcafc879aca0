"""Open every stored recording the way the product does and write its sound into a folder, for the judge to listen to."""

from __future__ import annotations

import base64
import os
import sys
from pathlib import Path


def main(folder: Path) -> None:
    """One WAV file a recording."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from fawang.hotline import recordings, sealing
    from fawang.hotline.models import Recording

    folder.mkdir(parents=True, exist_ok=True)
    for row in Recording.objects.filter(state__in=("stored", "partial")):
        try:
            sound = b"".join(sealing.open_file(recordings.path_of(row), key=base64.b64decode(row.key), name=row.blob or ""))
        except (sealing.Damaged, OSError):  # the judge misses it
            continue
        (folder / f"{row.pk}.wav").write_bytes(sound)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
