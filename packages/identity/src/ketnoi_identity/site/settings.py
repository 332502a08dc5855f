"""Django's settings, made from the identity side's own settings file. Django keeps sessions here, and no models."""

from __future__ import annotations

from ketnoi_identity.settings import current
from ketnoi_pages.site_settings import common, policy

_own = current()
globals().update(common(_own.base_url, _own.database, _own.path(_own.data)))

SECRET_KEY = _own.secret(_own.secret_key_file)
TRUSTED_PROXIES = _own.proxies()
ROOT_URLCONF = "ketnoi_identity.site.urls"
WSGI_APPLICATION = "ketnoi_identity.site.wsgi.application"

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
    "ketnoi_identity.site.methods.MethodMiddleware",
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

REHEARSAL = _own.rehearsal
LOGIN_URL = "/dang-nhap/"

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "dinhdanh"
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_NAME = "dinhdanh_csrf"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
CONTENT_SECURITY_POLICY = policy()
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 0
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200

LANGUAGE_COOKIE_NAME = "dinhdanh_ngon_ngu"
# A day: each page names its files with their digest, so that a new release is not mixed with an old one's.
WHITENOISE_MAX_AGE = 86_400
