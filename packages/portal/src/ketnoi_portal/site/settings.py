"""Django's settings, made from the portal's own settings file."""

from __future__ import annotations

from urllib.parse import urlsplit

from csp.constants import NONCE, SELF

from ketnoi_pages.site_settings import common, policy
from ketnoi_portal.settings import current

_own = current()
globals().update(common(_own.base_url, _own.database, _own.path(_own.data)))

SECRET_KEY = _own.secret(_own.secret_key_file)
TRUSTED_PROXIES = _own.proxies()
ROOT_URLCONF = "ketnoi_portal.site.urls"
WSGI_APPLICATION = "ketnoi_portal.site.wsgi.application"
AUTH_USER_MODEL = "staff.Person"

INSTALLED_APPS = [
    # Before the libraries, so that their pages look like ours.
    "ketnoi_portal.site",
    "ketnoi_portal.staff",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "django.forms",
    "ketnoi_portal.files",
    "ketnoi_portal.audit",
    "ketnoi_portal.agencies",
    "ketnoi_portal.onboarding",
    # Before the day: a step is told before the turns that it begins.
    "ketnoi_portal.notices",
    "ketnoi_portal.day",
    "ketnoi_portal.accounts",
    "ketnoi_portal.connection",
    "ketnoi_portal.worker",
    "ketnoi_portal.publication",
    "ketnoi_portal.alarms",
    "ketnoi_portal.identities",
    "ketnoi_portal.rehearsal",
    "ketnoi_portal.papers",
    "ketnoi_portal.mailroom",
]

MIDDLEWARE = [
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
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "ketnoi_portal.staff.middleware.ActorMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "ketnoi_portal.site.context.everywhere",
            ],
            "builtins": ["ketnoi_pages.templatetags.pages", "ketnoi_portal.site.templatetags.portal"],
        },
    }
]

FORM_RENDERER = "ketnoi_portal.site.forms.PortalRenderer"
CSRF_FAILURE_VIEW = "ketnoi_portal.site.views.page_too_old"

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "portal_cache"},
}

# In a rehearsal people may also come in by a card on the start page; anywhere else that door does not exist.
REHEARSAL = _own.rehearsal
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
if REHEARSAL:
    AUTHENTICATION_BACKENDS.append("ketnoi_portal.staff.sign_in.cards.CardBackend")
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_ADAPTER = "ketnoi_portal.staff.sign_in.adapter.PortalAccountAdapter"
ACCOUNT_FORMS = {
    "login": "ketnoi_portal.staff.sign_in.forms.LoginForm",
    "reset_password": "ketnoi_portal.staff.sign_in.forms.ResetPasswordForm",
    "reset_password_from_key": "ketnoi_portal.staff.sign_in.forms.ResetPasswordKeyForm",
    "change_password": "ketnoi_portal.staff.sign_in.forms.ChangePasswordForm",
    "reauthenticate": "ketnoi_portal.staff.sign_in.forms.ReauthenticateForm",
}
# Five wrong passwords or codes lock an account for a quarter of an hour, wherever they come from.
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/900s/key",
    "reset_password": "20/m/ip,5/h/key",
    "reset_password_from_key": "20/m/ip",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
}
ACCOUNT_REAUTHENTICATION_METHODS = ["password", "mfa"]
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
MFA_ADAPTER = "ketnoi_portal.staff.sign_in.adapter.PortalMFAAdapter"
MFA_FORMS = {
    "authenticate": "ketnoi_portal.staff.sign_in.forms.AuthenticateForm",
    "reauthenticate": "ketnoi_portal.staff.sign_in.forms.ReauthenticateByCodeForm",
    "activate_totp": "ketnoi_portal.staff.sign_in.forms.ActivateTOTPForm",
    "add_webauthn": "ketnoi_portal.staff.sign_in.forms.AddWebAuthnForm",
    "edit_webauthn": "ketnoi_portal.staff.sign_in.forms.EditWebAuthnForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Ketnoi"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = urlsplit(_own.base_url).scheme != "https"
LOGIN_REDIRECT_URL = "/"
LOGIN_URL = "account_login"

SESSION_COOKIE_AGE = 8 * 3600
CONTENT_SECURITY_POLICY = policy(
    script_src=[SELF, NONCE], img_src=[SELF, "data:"], font_src=[SELF], manifest_src=[SELF]
)
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "ketnoi_portal.files.receiving.BoundedUpload",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
DATA_UPLOAD_MAX_NUMBER_FILES = 20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 4_000

EMAIL_BACKEND = "ketnoi_portal.site.mail.OutboxBackend"
DEFAULT_FROM_EMAIL = _own.mail.sender
