"""Secrets that must be read again (seeds of one-time codes, client secrets), encrypted with a key of this installation.

The key is derived from SECRET_KEY for this purpose alone (HKDF, RFC 5869): whoever has a copy of the database has none
of the secrets. A new SECRET_KEY makes them unreadable, and people enrol again.
"""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app

PURPOSE = b"distributor: secrets in the database"


def lock(secret: str) -> bytes:
    """What to keep of a secret."""
    return _fernet().encrypt(secret.encode())


def unlock(kept: bytes) -> str | None:
    """The secret again; None when it was locked with another key, or altered."""
    try:
        return _fernet().decrypt(kept).decode()
    except InvalidToken:
        return None


def _fernet() -> Fernet:
    key = HKDF(SHA256(), length=32, salt=None, info=PURPOSE).derive(current_app.config["SECRET_KEY"].encode())
    return Fernet(base64.urlsafe_b64encode(key))
