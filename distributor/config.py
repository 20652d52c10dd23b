"""Settings from the environment. A wrong value is one sentence at start, never a traceback."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from distributor.limits.rates import Limited, Rate, rates

SOURCE = Path(__file__).resolve().parent.parent
SHORTEST_SECRET = 32


class SettingError(Exception):
    """A setting is missing or wrong; the message names it and the way out."""


@dataclass(frozen=True)
class MailSettings:
    """Flask-Mail's names; without a server, notifications wait in the outbox."""

    server: str | None
    port: int
    use_tls: bool
    use_ssl: bool
    username: str | None
    password: str | None
    sender: str


@dataclass(frozen=True)
class Settings:
    """Everything the service reads from its environment, checked."""

    database_url: str | None
    home: Path
    host: str
    port: int
    public_url: str
    secret_key: str
    brand_name: str
    mail: MailSettings
    testing: bool = False
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    rate_limits: Mapping[Limited, Rate] = field(default_factory=dict)
    issuer_networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @property
    def is_loopback(self) -> bool:
        return self.host in {"127.0.0.1", "::1", "localhost"}

    @property
    def behind_tls(self) -> bool:
        return self.public_url.startswith("https://")


def data_folder(name: str) -> Path:
    """`templates` or `migrations`: inside the package when installed, beside it in a checkout."""
    inside = Path(__file__).resolve().parent / name
    return inside if inside.is_dir() else SOURCE / name


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from `environ`. Raises SettingError naming the first wrong one."""
    home = _home(environ)
    host = environ.get("HOST") or "127.0.0.1"
    port = _number(environ, "PORT", 8000, highest=65535)
    return Settings(
        database_url=_database_url(environ.get("DATABASE_URL")),
        home=home,
        host=host,
        port=port,
        public_url=_public_url(environ.get("PUBLIC_URL"), host, port),
        secret_key=_secret(environ.get("SECRET_KEY"), home),
        brand_name=_line(environ, "BRAND_NAME", "Distributor"),
        mail=_mail(environ),
        trusted_proxies=_trusted_proxies(environ.get("TRUSTED_PROXIES") or ""),
        rate_limits=_rate_limits(environ.get("RATE_LIMITS") or ""),
        issuer_networks=_networks("ISSUER_NETWORKS", environ.get("ISSUER_NETWORKS") or ""),
    )


def database_url(text: str) -> str:
    """The URL in SQLAlchemy's spelling for psycopg. Raises SettingError unless it is PostgreSQL's."""
    scheme, separator, rest = text.partition("://")
    url = f"postgresql+psycopg://{rest}"
    if not separator or scheme not in {"postgres", "postgresql", "postgresql+psycopg"} or not _is_url(url):
        raise SettingError(
            "DATABASE_URL must name a PostgreSQL server, such as postgresql://user:password@host:5432/distributor."
        )
    return url


def _is_url(text: str) -> bool:
    try:
        make_url(text)
    except (ArgumentError, ValueError):
        return False
    return True


def _database_url(text: str | None) -> str | None:
    return database_url(text.strip()) if text and text.strip() else None


def _home(environ: Mapping[str, str]) -> Path:
    given = environ.get("DISTRIBUTOR_HOME")
    if given:
        return _expanded(given)
    if (SOURCE / "setup.cfg").is_file():
        return SOURCE / "var"
    data = environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "distributor"


def _expanded(given: str) -> Path:
    try:
        return Path(given).expanduser().resolve()
    except (RuntimeError, OSError) as error:
        raise SettingError(f"DISTRIBUTOR_HOME ({given}) is no folder that can be found: {error}") from error


def _number(environ: Mapping[str, str], name: str, default: int, *, highest: int) -> int:
    text = (environ.get(name) or str(default)).strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= highest):
        raise SettingError(f"{name} must be a whole number from 1 to {highest}, not {text!r}.")
    return int(text)


def _switch(environ: Mapping[str, str], name: str, default: bool) -> bool:
    text = (environ.get(name) or ("true" if default else "false")).strip().lower()
    if text not in {"true", "false", "1", "0", "yes", "no", "on", "off"}:
        raise SettingError(f"{name} must be true or false, not {text!r}.")
    return text in {"true", "1", "yes", "on"}


def _public_url(text: str | None, host: str, port: int) -> str:
    if not text:
        everywhere = host in {"0.0.0.0", "::"}  # noqa: S104 - asked about, not bound
        return f"http://{'127.0.0.1' if everywhere else host}:{port}"
    if not _is_address(text.strip()):
        raise SettingError(f"PUBLIC_URL must be an address such as https://usage.example.com, not {text!r}.")
    return text.strip().rstrip("/")


def _is_address(text: str) -> bool:
    """Whether links can begin with it: nothing may follow the path, and no mail should carry a password."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    plain = text.isprintable() and " " not in text and not (parts.query or parts.fragment or parts.username)
    return plain and parts.scheme in {"http", "https"} and bool(parts.hostname)


def _trusted_proxies(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Networks whose word on who is asking is believed; each an address or in CIDR notation."""
    found = _networks("TRUSTED_PROXIES", text)
    everywhere = next((network for network in found if network.prefixlen == 0), None)
    if everywhere is not None:
        raise SettingError(f"TRUSTED_PROXIES trusts everybody ({everywhere}): name your own proxies.")
    return found


def _networks(name: str, text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    found = []
    for part in text.replace(",", " ").split():
        try:
            found.append(ip_network(part))
        except ValueError as error:
            raise SettingError(
                f"{name} must list networks such as 10.0.0.0/8 or 2001:db8::/32, not {part!r} ({error})."
            ) from error
    return tuple(found)


def _rate_limits(text: str) -> Mapping[Limited, Rate]:
    try:
        return rates(text)
    except ValueError as error:
        raise SettingError(
            f"RATE_LIMITS must be like sign-in=20/15m api=1200/1m (a number in so many s, m, h or 1d), not {error}."
            f" What can be limited: {', '.join(Limited)}."
        ) from error


def _mail(environ: Mapping[str, str]) -> MailSettings:
    use_ssl, use_tls = _switch(environ, "MAIL_USE_SSL", False), _switch(environ, "MAIL_USE_TLS", False)
    if use_ssl and use_tls:
        raise SettingError("MAIL_USE_TLS and MAIL_USE_SSL exclude each other: leave one of them out.")
    return MailSettings(
        server=_line(environ, "MAIL_SERVER", "") or None,
        port=_number(environ, "MAIL_PORT", 465 if use_ssl else 25, highest=65535),
        use_tls=use_tls,
        use_ssl=use_ssl,
        username=environ.get("MAIL_USERNAME") or None,
        password=environ.get("MAIL_PASSWORD") or None,
        sender=_sender(_line(environ, "MAIL_DEFAULT_SENDER", "Distributor <distributor@localhost>")),
    )


def _sender(text: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", parseaddr(text)[1]):
        raise SettingError(f"MAIL_DEFAULT_SENDER must be like Usage reports <usage@example.com>, not {text!r}.")
    return text


def _line(environ: Mapping[str, str], name: str, default: str) -> str:
    """Text on one line: it stands in the headers of mails."""
    text = environ.get(name, "").strip() or default
    if any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in text):
        raise SettingError(f"{name} must be one line of text, not {text!r}.")
    return text


def _secret(given: str | None, home: Path) -> str:
    if not given:
        return _kept_secret(home)
    if len(given) < SHORTEST_SECRET:
        raise SettingError(
            f"SECRET_KEY has {len(given)} characters and needs {SHORTEST_SECRET}. Unset it to have a key generated."
        )
    return given


def _kept_secret(home: Path) -> str:
    """The generated key of this installation, made once and readable by its user alone."""
    path = home / "secret-key"
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make_secret(path)
    except OSError as error:
        raise SettingError(f"DISTRIBUTOR_HOME ({home}) cannot be written: {error.strerror}.") from error
    return _written_secret(path)


def _make_secret(path: Path) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_urlsafe(48))
    try:
        os.link(draft, path)  # the first of several processes wins, and nobody ever reads half a key
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _written_secret(path: Path) -> str:
    try:
        text = path.read_text("utf-8").strip()
    except OSError as error:
        raise SettingError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        text = ""
    if len(text) < SHORTEST_SECRET:
        raise SettingError(f"{path} holds no key. Delete it: a new one is made, and everybody signs in again.")
    return text
