"""Django's name for this room."""

from django.apps import AppConfig


class OnboardingConfig(AppConfig):
    """See the package's docstring."""

    name = "ketnoi_portal.onboarding"
    label = "onboarding"

    def ready(self) -> None:
        """This room's own sections, and what follows from its steps."""
        from ketnoi_portal.onboarding import actions, certificate_history, facts, removing, renewing, rotating

        facts.install()
        rotating.install()
        removing.install()
        actions.after_every_step(certificate_history.after_step)
        actions.after_every_step(renewing.replace_what_was_live)
