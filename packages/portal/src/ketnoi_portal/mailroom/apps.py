"""Django's name for this room."""

from django.apps import AppConfig


class MailroomConfig(AppConfig):
    """See the package's docstring."""

    name = "ketnoi_portal.mailroom"
    label = "mailroom"

    def ready(self) -> None:
        """Follow the process, and stand on the pages of C06's day and of applications that came by e-mail."""
        from ketnoi_portal.mailroom import actions as own
        from ketnoi_portal.mailroom import places
        from ketnoi_portal.onboarding import actions

        actions.after_every_step(own.after_step)
        places.install()
