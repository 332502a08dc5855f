"""Django's name for this room."""

from django.apps import AppConfig


class AlarmsConfig(AppConfig):
    """See the package's docstring."""

    name = "ketnoi_portal.alarms"
    label = "alarms"

    def ready(self) -> None:
        """Stand on the page of C06's day."""
        from ketnoi_portal.alarms import places

        places.install()
