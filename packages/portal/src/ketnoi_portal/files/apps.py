"""Django's name for this room."""

from django.apps import AppConfig


class FilesConfig(AppConfig):
    """See the package's docstring."""

    name = "ketnoi_portal.files"
    label = "files"
