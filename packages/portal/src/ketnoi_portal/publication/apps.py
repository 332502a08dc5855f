"""Publication as a Django application."""

from django.apps import AppConfig


class PublicationConfig(AppConfig):
    """What is approved becomes configuration."""

    name = "ketnoi_portal.publication"
    label = "publication"

    def ready(self) -> None:
        """Every step of an application may change what has to be published."""
        from ketnoi_pages.text import Text
        from ketnoi_portal.onboarding.actions import after_every_step
        from ketnoi_portal.onboarding.sections import Section, page_for, register
        from ketnoi_portal.publication.revisions import next_revision
        from ketnoi_portal.publication.stops import stop_of

        after_every_step(lambda application, step, unit, actor: next_revision())
        # The platform is changed before the step is taken, so that both stand on one page.
        own = ("register_beside", "drop_certificate", "retire_certificate")
        for step in ("register_on_platform", "remove_from_platform", *own):
            page_for(step, "publication:of_application")
        register(
            Section(
                "stopped",
                Text("Đang bị dừng khai thác", "Stopped"),
                "publication/stopped.html",
                lambda page: {"stop": stop_of(page.application.organisation_id)},
                lambda page: stop_of(page.application.organisation_id) is not None,
                order=1,
            )
        )
