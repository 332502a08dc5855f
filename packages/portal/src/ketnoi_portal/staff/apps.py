"""Django's name for this room."""

from django.apps import AppConfig


class StaffConfig(AppConfig):
    """See the package's docstring."""

    name = "ketnoi_portal.staff"
    label = "staff"
