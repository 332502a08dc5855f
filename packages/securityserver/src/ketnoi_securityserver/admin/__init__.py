"""The admin API: X-Road's own recipes for opening a service to somebody, and keys to use it with."""

from ketnoi_securityserver.admin.api import Admin
from ketnoi_securityserver.admin.api_keys import ApiKeys, Role

__all__ = ["Admin", "ApiKeys", "Role"]
