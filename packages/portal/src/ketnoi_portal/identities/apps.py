"""Django's name for this room."""

from django.apps import AppConfig


class IdentitiesConfig(AppConfig):
    """See the package's docstring."""

    name = "ketnoi_portal.identities"
    label = "identities"

    def ready(self) -> None:
        """Stand on the page of the day, and on identity applications."""
        from ketnoi_portal.identities import places

        places.install()
