"""Django's name for this room."""

from django.apps import AppConfig


class RehearsalConfig(AppConfig):
    """See the package's docstring."""

    name = "ketnoi_portal.rehearsal"
    label = "rehearsal"
