"""Settings of the whole product, read from the environment once.

Every ``FAWANG_*`` variable is documented in docs/reference/settings.md, which a test compares with this file.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

from config.database import connection_settings
from fawang.kernel.made_once import made_once

BASE_DIR = Path(__file__).resolve().parent.parent
STATE_DIR = Path(os.environ.get("FAWANG_STATE") or BASE_DIR / ".fawang")


def _secret(name: str) -> str:
    """A secret from the state folder, made on first use, readable by the owner only."""
    if value := os.environ.get(f"FAWANG_{name.upper()}"):
        return value
    return made_once(STATE_DIR / "secrets" / name, lambda: secrets.token_urlsafe(9 if name == "demo_password" else 48)).strip()


SECRET_KEY = _secret("secret_key")
TESTING = os.environ.get("FAWANG_TESTING") == "1"
DEBUG = os.environ.get("FAWANG_DEBUG") == "1"
DEMO = os.environ.get("FAWANG_DEMO", "1") != "0"
DEMO_PASSWORD = _secret("demo_password") if DEMO else ""
ALLOWED_HOSTS = os.environ.get("FAWANG_HOSTS", "*").split(",")
PORT = int(os.environ.get("FAWANG_PORT", "8000"))
LIVE_URL = os.environ.get("FAWANG_LIVE_URL", "")
PUBLIC_URL = os.environ.get("FAWANG_PUBLIC_URL", "")
TIER = os.environ.get("FAWANG_TIER", "province")
PROVINCE = os.environ.get("FAWANG_PROVINCE", "340000")
CIPHER_SUITE = os.environ.get("FAWANG_CIPHER_SUITE", "aes")  # aes (AES-256-GCM, SHA-256) or sm (SM4-GCM, SM3)
FILES_DIR = Path(os.environ.get("FAWANG_FILES") or STATE_DIR / "files")
KEYS_DIR = STATE_DIR / "keys"
SCAN_COMMAND = os.environ.get("FAWANG_SCAN_COMMAND", "")
DRAFT_URL = os.environ.get("FAWANG_DRAFT_URL", "")  # an OpenAI-compatible chat address; empty: no drafting helper
DRAFT_MODEL = os.environ.get("FAWANG_DRAFT_MODEL", "default")
DRAFT_KEY = os.environ.get("FAWANG_DRAFT_KEY", "")
DRAFT_SECONDS = float(os.environ.get("FAWANG_DRAFT_SECONDS", "45"))
TRANSCRIBE_URL = os.environ.get("FAWANG_TRANSCRIBE_URL", "")  # an OpenAI-compatible address for sound; empty: recordings are only listened to
TRANSCRIBE_MODEL = os.environ.get("FAWANG_TRANSCRIBE_MODEL", "default")
TRANSCRIBE_KEY = os.environ.get("FAWANG_TRANSCRIBE_KEY", "")
TRANSCRIBE_SECONDS = float(os.environ.get("FAWANG_TRANSCRIBE_SECONDS", "60"))
HOTLINE = os.environ.get("FAWANG_HOTLINE", "1") != "0"
HOTLINE_ENGINE = os.environ.get("FAWANG_ENGINE", "embedded")  # what carries the voice: embedded or asterisk
SIP_HOST = os.environ.get("FAWANG_SIP_HOST", "127.0.0.1")
SIP_PORT = int(os.environ.get("FAWANG_SIP_PORT", "5060"))
SIP_REALM = os.environ.get("FAWANG_SIP_REALM", "fawang")
SEAT_PORT = int(os.environ.get("FAWANG_SEAT_PORT") or PORT + 2)
SEAT_URL = os.environ.get("FAWANG_SEAT_URL", "")  # where seat pages find the gateway, as wss://…/seat; empty: SEAT_PORT of the host the page came from
HTTPS = os.environ.get("FAWANG_HTTPS") == "1"
TRUSTED_PROXIES = [p for p in os.environ.get("FAWANG_TRUSTED_PROXIES", "").split(",") if p]

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "lucide",
    "csp",
    "fawang.kernel",
    "fawang.regions",
    "fawang.people",
    "fawang.registry",
    "fawang.knowledge",
    "fawang.matters",
    "fawang.hotline",
    "fawang.services.consultation",
    "fawang.services.complaint",
    "fawang.oversight",
    "fawang.faces",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "fawang.faces.middleware.LanguageMiddleware",
    "fawang.faces.middleware.ApiMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "fawang.faces.middleware.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "csp.middleware.CSPMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
AUTH_USER_MODEL = "people.Staff"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "fawang.faces.context.house",
            ],
        },
    }
]

DATABASES = {
    "default": connection_settings(
        os.environ.get("DATABASE_URL", "postgresql://fawang@/fawang"),
        pool=not TESTING,
        test_name=os.environ.get("FAWANG_TEST_DB"),
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
USE_I18N = True
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = STATE_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
if TESTING or DEBUG:
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    WHITENOISE_USE_FINDERS = True

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "fawang.faces.failures.csrf_failure"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": [
            "'self'",
            *([LIVE_URL] if LIVE_URL else []),
            *([SEAT_URL] if SEAT_URL else [f"ws://{h}:{SEAT_PORT}" for h in ("127.0.0.1", "localhost")]),
        ],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    }
}

DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 4000  # an edition of the hotline is one form: some 40 fields a queue
DATA_UPLOAD_MAX_NUMBER_FILES = 10
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
ATTACHMENT_MAX_BYTES = 20 * 1024 * 1024

LOGGING_CONFIG = "fawang.kernel.logs.configure"
DEFAULT_EXCEPTION_REPORTER = "fawang.faces.failures.MaskedReport"
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("FAWANG_LOG_LEVEL", "WARNING")},
}
