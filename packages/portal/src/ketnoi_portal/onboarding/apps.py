"""Django's name for this room."""

from django.apps import AppConfig


class OnboardingConfig(AppConfig):
    """See the package's docstring."""

    name = "ketnoi_portal.onboarding"
    label = "onboarding"
