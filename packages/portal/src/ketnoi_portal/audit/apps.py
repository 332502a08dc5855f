"""Django's name for this room."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """See the package's docstring."""

    name = "ketnoi_portal.audit"
    label = "audit"
