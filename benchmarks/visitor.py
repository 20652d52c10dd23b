"""A browser as far as a measurement needs one: signed in by cookie, with the form's token, fetching all of a page."""

from __future__ import annotations

import gzip
import json
import re
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse

from benchmarks.load import request
from benchmarks.service import application
from distributor import clock
from distributor.database import db
from distributor.identity import sessions
from distributor.identity.queries import member_by_email

ENCODINGS = "gzip, deflate, br, zstd"
CSRF = re.compile(rb'name="csrf-token" content="([^"]+)"')
ASSET = re.compile(r'(?:href|src)="(/static/[^"#]+)')
MODULE = re.compile(r'(?:from|import)\s*"(\.[^"]+)"')


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody signed in at the server on `port`."""

    port: int
    cookie: str

    def get(self, path: str) -> bytes:
        """A GET request as a browser would send it, compression wanted."""
        return request("GET", path, {"Cookie": self.cookie, "Accept-Encoding": ENCODINGS})

    def post_json(self, page: str, path: str, body: object) -> bytes:
        """A POST of JSON with the form's token, which `page` gives."""
        token, cookies = self._form_token(page)
        headers = {"Cookie": f"{self.cookie}; {cookies}", "X-CSRFToken": token, "Content-Type": "application/json"}
        return request("POST", path, headers, json.dumps(body).encode())

    def _form_token(self, page: str) -> tuple[str, str]:
        content, answer = self._asked(page, {})
        found = CSRF.search(content)
        if found is None:
            raise RuntimeError(f"{page} answered {answer.status} without a form token.")
        return found[1].decode(), (answer.getheader("Set-Cookie") or "").partition(";")[0]

    def weight(self, page: str) -> int:
        """Bytes over the wire for the page and everything it loads on a first visit, compressed."""
        total, text = self._fetch(page)
        waiting, seen = ASSET.findall(text), set()
        while waiting:
            path = waiting.pop()
            if path not in seen:
                seen.add(path)
                size, content = self._fetch(path)
                total += size
                waiting += [_beside(path, name) for name in MODULE.findall(content)] if path.endswith(".js") else []
        return total

    def _fetch(self, path: str) -> tuple[int, str]:
        """Size over the wire, and the text; both as gzip sends them, which every browser takes."""
        body, answer = self._asked(path, {"Accept-Encoding": "gzip"})
        plain = gzip.decompress(body) if answer.getheader("Content-Encoding") == "gzip" else body
        return len(body), plain.decode("utf-8", "replace")

    def _asked(self, path: str, headers: dict[str, str]) -> tuple[bytes, HTTPResponse]:
        with closing(HTTPConnection("127.0.0.1", self.port)) as connection:
            connection.request("GET", path, headers={"Cookie": self.cookie, **headers})
            answer = connection.getresponse()
            return answer.read(), answer


def sign_in(url: str, port: int, email: str) -> Visitor:
    """A sign-in of the person, made without the work of a password."""
    with application(url):
        member = member_by_email(email)
        token = sessions.start(member.user_id, member.member_id, clock.now())
        db.session.commit()
    return Visitor(port, f"sid={token}")


def _beside(path: str, name: str) -> str:
    """The address of what a module imports, written relative to the module's own."""
    parts = path.split("/")[:-1]
    for step in name.split("/"):
        if step == "..":
            parts.pop()
        elif step != ".":
            parts.append(step)
    return "/".join(parts)
