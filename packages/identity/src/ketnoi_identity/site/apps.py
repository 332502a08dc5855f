"""The site itself, for its templates and static files."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """Look and shared pages."""

    name = "ketnoi_identity.site"
    label = "site"
