"""The command `ketnoi-portal`: Django's own commands under the portal's settings file."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from ketnoi_portal.settings import SETTINGS_VARIABLE


def main(arguments: Sequence[str] | None = None) -> int:
    """`ketnoi-portal [--settings FILE] COMMAND …`; the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["verify_dossier"]:
        # For strangers: it needs no settings, no database and no Django.
        from ketnoi_portal.papers.verification import main as verify_dossier

        return verify_dossier(given[1:])
    if given[:1] == ["--settings"] and len(given) > 1:
        os.environ[SETTINGS_VARIABLE] = given[1]
        given = given[2:]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ketnoi_portal.site.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(["ketnoi-portal", *given])
    return 0


if __name__ == "__main__":
    sys.exit(main())
