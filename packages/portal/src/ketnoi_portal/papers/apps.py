"""Django's name for this room."""

from django.apps import AppConfig


class PapersConfig(AppConfig):
    """See the package's docstring."""

    name = "ketnoi_portal.papers"
    label = "papers"
