"""Django's settings, derived from the environment and one ``soar2.toml``. Secure unless told otherwise."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.utils.csp import CSP

from soar2.config.postgres import database_settings
from soar2.record.programme import load

PACKAGE = Path(__file__).resolve().parent.parent

HOME = Path(os.environ.get("SOAR2_HOME", ".soar2")).resolve()
CONFIG_FILE = Path(os.environ.get("SOAR2_CONFIG", HOME / "soar2.toml"))
WEB_PORT = int(os.environ.get("SOAR2_WEB_PORT", "8000"))
MLLP_PORT = int(os.environ.get("SOAR2_MLLP_PORT", "2575"))
BIND = os.environ.get("SOAR2_BIND", "127.0.0.1")

PROGRAMME, PROGRAMME_FAULTS = load(CONFIG_FILE)
if PROGRAMME.demo:  # its web and mail ports may be moved without editing its file
    PROGRAMME = replace(
        PROGRAMME,
        address=f"http://127.0.0.1:{WEB_PORT}",
        smtp=replace(PROGRAMME.smtp, port=int(os.environ.get("SOAR2_SMTP_PORT", PROGRAMME.smtp.port))),
    )

PLACEHOLDER_SECRET = "insecure-placeholder-the-product-refuses-to-start-with-this"  # noqa: S105 - refused by config.ready
SECRET_KEY = os.environ.get("SOAR2_SECRET_KEY") or PLACEHOLDER_SECRET
DEBUG = os.environ.get("SOAR2_DEBUG", "") == "1"

_ADDRESS = urlsplit(PROGRAMME.address)
_HTTPS = _ADDRESS.scheme == "https"
_HOST = f"[{_ADDRESS.hostname}]" if ":" in (_ADDRESS.hostname or "") else _ADDRESS.hostname
BEHIND_PROXY = os.environ.get("SOAR2_BEHIND_PROXY") == "1"  # one proxy, which sets X-Forwarded-* itself
ALLOWED_HOSTS = [name for name in (*os.environ.get("SOAR2_ALLOWED_HOSTS", "").split(","), _HOST) if name]
if PROGRAMME.demo:
    ALLOWED_HOSTS += ["127.0.0.1", "localhost", "[::1]"]

INSTALLED_APPS = [
    # ours, in the order of the patient's route
    "soar2.record",
    "soar2.pathway.reports",
    "soar2.pathway.notices",
    "soar2.worklists",
    "soar2.exchange",
    "soar2.watch",
    "soar2.demo",
    "soar2.pages",
    # theirs
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "axes",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",  # this far out it covers refused requests too
    "soar2.config.middleware.quiet_headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "soar2.config.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "pages" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "soar2.worklists.context.frame",
            ],
        },
    }
]

DATABASES: dict[str, dict[str, Any]] = {
    "default": database_settings(os.environ["DATABASE_URL"])
    if os.environ.get("DATABASE_URL")
    else {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "soar2",
    }  # the private server fills in its socket
}
DATABASES["default"] |= {"CONN_MAX_AGE": 300, "CONN_HEALTH_CHECKS": True}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"min_length": 12}),
        ("CommonPasswordValidator", {}),
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "soar2.config.accounts.NoSignUp"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False  # shared desks: a session ends with the browser
ACCOUNT_RATE_LIMITS = False  # django-axes counts failures in the database, for every process alike
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "soar2.config.accounts.locked_out"
AXES_USERNAME_CALLABLE = "soar2.config.accounts.login_name"
AXES_CLIENT_IP_CALLABLE = "soar2.config.accounts.client_address"
AXES_USERNAME_FORM_FIELD = "login"
AXES_SENSITIVE_PARAMETERS = ["login", "username", "ip_address"]
AXES_VERBOSE = False
AXES_RESET_ON_SUCCESS = True

LANGUAGE_CODE = "en-gb"
USE_I18N = False
USE_TZ = True
TIME_ZONE = str(PROGRAMME.zone)

STATIC_URL = "/static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True  # no collect step: static files ship inside the package
WHITENOISE_ALLOW_ALL_ORIGINS = False

SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # the link in a message must arrive signed in
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS
# A host's ports share its cookies: with its own name a second demonstration does not sign the first one out.
SESSION_COOKIE_NAME = "__Host-soar2" if _HTTPS else f"soar2-{WEB_PORT}"
CSRF_COOKIE_NAME = "__Host-soar2-csrf" if _HTTPS else f"soar2-csrf-{WEB_PORT}"
CSRF_COOKIE_HTTPONLY = True  # each form carries the token; no script reads it
CSRF_COOKIE_SAMESITE = "Lax"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # a message may name a patient
SECURE_SSL_REDIRECT = False  # TLS ends at the hospital's proxy
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_HSTS_SECONDS = 31536000 if _HTTPS else 0
CSRF_TRUSTED_ORIGINS = [f"{_ADDRESS.scheme}://{_ADDRESS.netloc}"] if _ADDRESS.netloc else []
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
# Files with messages of patients stay in memory: a larger upload would be laid down on the disk, so it is not taken.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

# Without a token only a process of this machine reads /metrics.
METRICS_TOKEN_FILE = os.environ.get("SOAR2_METRICS_TOKEN_FILE", "")

LOG_FORMAT = os.environ.get("SOAR2_LOG_FORMAT", "text")
# Logs name events, ids and counts; never a patient, a report or a request body.
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": f"soar2.config.logs.{'JsonLines' if LOG_FORMAT == 'json' else 'WithoutValues'}",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("SOAR2_LOG_LEVEL", "INFO")},
    "loggers": {
        "django": {"level": "INFO"},  # named here, it loses Django's own handler, which mails whole requests
        "django.server": {"level": "CRITICAL"},  # writes query strings
        "django.db.backends": {"level": "INFO"},  # below it: statements with their values
        "axes": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},  # below it: whole addresses, and a paging service's may hold a key
        "mail.log": {"level": "WARNING"},  # the demonstration's mail server writes each line it hears
        "django.request": {
            "level": "ERROR"
        },  # its warnings hold addresses, and people type numbers into those
        "django.security.csrf": {"level": "ERROR"},
        "django.security.DisallowedHost": {
            "level": "CRITICAL"
        },  # anybody can send a wrong host; it is answered 400
    },
}
