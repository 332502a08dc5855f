"""Publication as a Django application."""

from django.apps import AppConfig


class PublicationConfig(AppConfig):
    """What is approved becomes configuration."""

    name = "ketnoi_portal.publication"
    label = "publication"

    def ready(self) -> None:
        """Every step of an application may change what has to be published."""
        from ketnoi_portal.onboarding.actions import after_every_step
        from ketnoi_portal.onboarding.sections import page_for
        from ketnoi_portal.publication.revisions import next_revision

        after_every_step(lambda application, step, unit, actor: next_revision())
        # The platform is changed before the step is taken, so that both stand on one page.
        own = ("register_beside", "drop_certificate", "retire_certificate")
        for step in ("register_on_platform", "remove_from_platform", *own):
            page_for(step, "publication:of_application")
