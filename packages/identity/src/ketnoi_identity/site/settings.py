"""Django's settings, made from the identity side's own settings file. Django keeps sessions here, and no models."""

from __future__ import annotations

from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from psycopg.conninfo import conninfo_to_dict

from ketnoi_identity.settings import current

_own = current()
_at = urlsplit(_own.base_url)
_secure = _at.scheme == "https"

DEBUG = False
SECRET_KEY = _own.secret(_own.secret_key_file)
ALLOWED_HOSTS = [_at.hostname or "127.0.0.1"]
CSRF_TRUSTED_ORIGINS = [f"{_at.scheme}://{_at.netloc}"]
TRUSTED_PROXIES = _own.proxies()
ROOT_URLCONF = "ketnoi_identity.site.urls"
WSGI_APPLICATION = "ketnoi_identity.site.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "ketnoi_identity.site",
    "ketnoi_identity.accounts",
    "ketnoi_identity.desk",
    "ketnoi_identity.consent",
    "ketnoi_identity.looks",
    "ketnoi_identity.openid",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "csp",
]

MIDDLEWARE = [
    "ketnoi_identity.site.measuring.MeasuringMiddleware",
    "ketnoi_pages.proxies.CallerAddressMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "ketnoi_pages.octets.OddOctetsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "ketnoi_pages.language.ChosenLanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "ketnoi_pages.octets.OddFormMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "ketnoi_identity.site.session.AccountMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "ketnoi_identity.site.context.everywhere",
            ],
            "builtins": ["ketnoi_pages.templatetags.pages"],
        },
    }
]

FORM_RENDERER = "django.forms.renderers.DjangoTemplates"
CSRF_FAILURE_VIEW = "ketnoi_identity.site.views.page_too_old"

_address = conninfo_to_dict(_own.database)
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _address.get("dbname", ""),
        "USER": _address.get("user", ""),
        "PASSWORD": _address.get("password", ""),
        "HOST": _address.get("host", ""),
        "PORT": str(_address.get("port", "")),
        "OPTIONS": {"pool": {"min_size": 1, "max_size": 3}},
    }
}

REHEARSAL = _own.rehearsal
LOGIN_URL = "/dang-nhap/"

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "dinhdanh"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _secure
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_NAME = "dinhdanh_csrf"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
# Only a trusted proxy's header is left to be read, see ketnoi_pages.proxies; HSTS goes with answers that leave by TLS.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31_536_000 if _secure else 0
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 0
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200

LANGUAGE_CODE = "vi"
LANGUAGES = [("vi", "Tiếng Việt"), ("en", "English")]
LANGUAGE_COOKIE_NAME = "dinhdanh_ngon_ngu"
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = _secure
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Ho_Chi_Minh"
FORMAT_MODULE_PATH = ["ketnoi_pages.formats"]

STATIC_URL = "/static/"
STATIC_ROOT = str(_own.path(_own.data) / "static")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
# A day: each page names its files with their digest, so that a new release is not mixed with an old one's.
WHITENOISE_MAX_AGE = 86_400

LOGGING_CONFIG = None
