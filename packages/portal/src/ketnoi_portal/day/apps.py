"""Django's name for this room."""

from django.apps import AppConfig


class DayConfig(AppConfig):
    """See the package's docstring."""

    name = "ketnoi_portal.day"
    label = "day"

    def ready(self) -> None:
        """Follow the process."""
        from ketnoi_portal.day import keeping, since
        from ketnoi_portal.onboarding import actions

        actions.after_every_step(keeping.after_step)
        actions.after_begin(keeping.after_begin)
        since.install()
