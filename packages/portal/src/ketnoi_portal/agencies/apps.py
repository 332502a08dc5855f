"""Django's name for this room."""

from django.apps import AppConfig


class AgenciesConfig(AppConfig):
    """See the package's docstring."""

    name = "ketnoi_portal.agencies"
    label = "agencies"
