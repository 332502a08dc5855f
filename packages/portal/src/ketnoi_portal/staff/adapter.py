"""How allauth behaves here: nobody signs up by themselves; people are invited."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class PortalAccountAdapter(DefaultAccountAdapter):
    """Accounts come from invitations only."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> Any:
        """Whoever has left does not come back in."""
        if not user.is_active:
            return self.respond_user_inactive(request, user)
        return super().pre_login(request, user, **kwargs)
