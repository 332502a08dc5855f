"""Django's name for this room."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """See the package's docstring."""

    name = "ketnoi_portal.notices"
    label = "notices"

    def ready(self) -> None:
        """Follow the process, and show the latest on everybody's day."""
        from ketnoi_pages.text import Text
        from ketnoi_portal.day import keeping, panels
        from ketnoi_portal.notices import telling, views
        from ketnoi_portal.onboarding import actions

        actions.after_every_step(telling.after_step)
        keeping.after_new_turn(telling.after_turn)
        title = Text("Thông báo", "Notices")
        panels.register(panels.Panel("notices", title, "notices/panel.html", views.latest, order=90))
