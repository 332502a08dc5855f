"""Django's name for this room."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """See the package's docstring."""

    name = "ketnoi_portal.accounts"
    label = "accounts"

    def ready(self) -> None:
        """Follow what happens to applications and people; stand on the page of the day."""
        from ketnoi_portal.accounts import following, today  # noqa: F401
