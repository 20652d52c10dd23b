"""Usage reporting and approval for channel licensing. `create_app` is the one place where everything is wired."""

from __future__ import annotations

from flask import Flask

from distributor import edges
from distributor.config import Settings, data_folder, load
from distributor.database import SERVICE_ROLE, db
from distributor.extensions import compress, csrf, mail
from distributor.limits.counter import BIND, end_together
from distributor.proxies import Proxies

# Statements of a request that take longer than this are cut off by the database.
STATEMENT_TIMEOUT_MS = 60_000
LOCK_TIMEOUT_MS = 10_000
# A process that hangs in the middle of its work holds up nobody else for longer.
IDLE_TIMEOUT_MS = 600_000
COUNT_TIMEOUT_MS = 2_000


def create_app(settings: Settings | None = None) -> Flask:
    """The application for `settings` (the environment's when None). Raises SettingError."""
    settings = settings or load()
    app = Flask(__name__, template_folder=str(data_folder("templates")), static_folder="static")
    app.config.from_mapping(configuration(settings))
    for extension in (db, csrf, compress, mail):
        extension.init_app(app)
    end_together(app)
    edges.register(app)
    app.wsgi_app = Proxies(app.wsgi_app, settings.trusted_proxies)  # type: ignore[method-assign]  # as Flask documents
    return app


def configuration(settings: Settings) -> dict[str, object]:
    """Flask's configuration from ours."""
    return {
        "SETTINGS": settings,
        "SECRET_KEY": settings.secret_key,
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(),
        "SQLALCHEMY_BINDS": {BIND: counting(settings.database_url)} if settings.database_url else {},
        "TESTING": settings.testing,
        "MAX_CONTENT_LENGTH": 6 * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 6 * 1024 * 1024,
        "SESSION_COOKIE_NAME": "__Host-form" if settings.behind_tls else "form",
        "SESSION_COOKIE_SECURE": settings.behind_tls,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "WTF_CSRF_TIME_LIMIT": None,
        "COMPRESS_MIN_SIZE": 1_000,
        "MAIL_SERVER": settings.mail.server,
        "MAIL_PORT": settings.mail.port,
        "MAIL_USE_TLS": settings.mail.use_tls,
        "MAIL_USE_SSL": settings.mail.use_ssl,
        "MAIL_USERNAME": settings.mail.username,
        "MAIL_PASSWORD": settings.mail.password,
        "MAIL_DEFAULT_SENDER": settings.mail.sender,
    }


def counting(url: str) -> dict[str, object]:
    """The connections that count requests. They wait for nobody: what cannot be counted at once is refused."""
    options = f"-c role={SERVICE_ROLE} -c synchronous_commit=off"
    options += f" -c statement_timeout={COUNT_TIMEOUT_MS} -c lock_timeout={COUNT_TIMEOUT_MS}"
    connect = {"options": options, "application_name": "distributor limits", "connect_timeout": 3}
    return {"url": url, "connect_args": connect, "pool_pre_ping": True, "pool_size": 2, "pool_timeout": 3}


def engine_options(**more: object) -> dict[str, object]:
    """Connections work as the service's role, which owns nothing, from their first statement on."""
    # Compiling a statement takes longer than any of ours runs: PostgreSQL guesses high where CTEs and filters are many.
    options = f"-c role={SERVICE_ROLE} -c jit=off"
    options += f" -c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout={LOCK_TIMEOUT_MS}"
    options += f" -c idle_in_transaction_session_timeout={IDLE_TIMEOUT_MS}"
    connect = {"options": options, "application_name": "distributor"}
    return {"connect_args": connect, "pool_pre_ping": True, "pool_size": 5, "max_overflow": 5, **more}
