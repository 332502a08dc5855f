"""What the Django settings of every site of the house have alike: who is believed, what is refused, how time is told.

A site's own settings begin with `globals().update(common(…))`; whatever it sets afterwards is its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from psycopg.conninfo import conninfo_to_dict

_ADDRESS: Final = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
_WAIT_SECONDS: Final = 3.0
"""How long a page waits for a connection before it says that the system is away; asked again, it tries anew."""


def common(base_url: str, database: str, data: Path) -> dict[str, Any]:
    """By names of Django's settings: for a site at an address, with a database (as libpq writes it) and a folder."""
    at = urlsplit(base_url)
    secure = at.scheme == "https"
    return {
        "DEBUG": False,
        "ALLOWED_HOSTS": [at.hostname or "127.0.0.1"],
        "CSRF_TRUSTED_ORIGINS": [f"{at.scheme}://{at.netloc}"],
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "DATABASES": {"default": _database(database)},
        "LOGGING_CONFIG": None,
        **_hardening(secure),
        **_language(secure),
        **_static_files(data / "static"),
    }


def policy(**wider: list[str]) -> dict[str, dict[str, list[str]]]:
    """A CONTENT_SECURITY_POLICY: nothing but the site's own files, and what is named here (`img_src=[…]`)."""
    own = {name: [SELF] for name in ("script-src", "style-src", "img-src", "connect-src", "form-action")}
    none = {name: [NONE] for name in ("default-src", "frame-ancestors", "base-uri")}
    return {"DIRECTIVES": own | none | {name.replace("_", "-"): sources for name, sources in wider.items()}}


def _database(conninfo: str) -> dict[str, Any]:
    told = conninfo_to_dict(conninfo)
    own = {django: str(told.pop(libpq, "")) for django, libpq in _ADDRESS.items()}
    pool = {"min_size": 1, "max_size": 3, "timeout": _WAIT_SECONDS, "reconnect_timeout": _WAIT_SECONDS}
    return {
        "ENGINE": "django.db.backends.postgresql",
        **own,
        # Whatever else stands in the address counts as libpq says: how the server is believed, above all.
        "OPTIONS": {**told, "pool": pool},
        # A connection that the server has closed meanwhile is noticed before a page is asked for on it.
        "CONN_HEALTH_CHECKS": True,
    }


def _hardening(secure: bool) -> dict[str, Any]:
    return {
        "SESSION_EXPIRE_AT_BROWSER_CLOSE": True,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": secure,
        "CSRF_COOKIE_SECURE": secure,
        "CSRF_COOKIE_HTTPONLY": True,
        # Only a trusted proxy's header is left to be read, see ketnoi_pages.proxies; HSTS goes with what leaves by TLS.
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
        "SECURE_HSTS_SECONDS": 31_536_000 if secure else 0,
        "SECURE_REFERRER_POLICY": "same-origin",
        "SECURE_CROSS_ORIGIN_OPENER_POLICY": "same-origin",
        "X_FRAME_OPTIONS": "DENY",
    }


def _language(secure: bool) -> dict[str, Any]:
    return {
        "LANGUAGE_CODE": "vi",
        "LANGUAGES": [("vi", "Tiếng Việt"), ("en", "English")],
        "LANGUAGE_COOKIE_SAMESITE": "Lax",
        "LANGUAGE_COOKIE_SECURE": secure,
        "USE_I18N": True,
        "USE_TZ": True,
        "TIME_ZONE": "Asia/Ho_Chi_Minh",
        "FORMAT_MODULE_PATH": ["ketnoi_pages.formats"],
    }


def _static_files(folder: Path) -> dict[str, Any]:
    return {
        "STATIC_URL": "/static/",
        "STATIC_ROOT": str(folder),
        "STORAGES": {
            "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        },
        "WHITENOISE_USE_FINDERS": True,
        "WHITENOISE_AUTOREFRESH": False,
    }
