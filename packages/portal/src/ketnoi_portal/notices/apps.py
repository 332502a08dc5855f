"""Django's name for this room."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """See the package's docstring."""

    name = "ketnoi_portal.notices"
    label = "notices"
