"""Django's name for this room."""

from django.apps import AppConfig


class ConnectionConfig(AppConfig):
    """See the package's docstring."""

    name = "ketnoi_portal.connection"
    label = "connection"

    def ready(self) -> None:
        """This room's sections of an application's page; onboarding's own of the same keys give way."""
        from ketnoi_portal.connection import pages, rotation_views

        pages.install()
        rotation_views.install()
