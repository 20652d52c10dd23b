"""Every route of the router, every method, every stranger: nothing of others is told, nothing of others changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from distributor.identity.current import Way, cookie_name, permission_of
from tests.clients import Browser, Program
from tests.proof import routes
from tests.proof.digests import digest_of
from tests.proof.market import Company, Market, Person

# A route, a method of its, an address and what is sent there.
Request = tuple[Rule, str, str, dict[str, Any]]
# Strangers who buy from the victim's distributor, or from the victim.
SHARE_A_CATALOGUE = frozenset({"other account", "partner below"})
# Steps a page takes for any member of any role: a viewer keeps its own profile in order.
ANYBODYS = ("identity.", "delegation.", "review.save_view", "review.rename_view", "review.delete_view")


@dataclass(frozen=True)
class Secrets:
    """What somebody shows who is nobody any more."""

    cookie: str = ""
    token: str = ""


@dataclass
class Findings:
    """How many probes of each kind were made, and what they found."""

    probes: Counter[str] = field(default_factory=Counter)
    leaks: list[str] = field(default_factory=list)
    victims: int = 0

    @property
    def total(self) -> int:
        return self.probes.total()

    def add(self, others: Findings) -> None:
        self.probes += others.probes
        self.leaks += others.leaks
        self.victims += others.victims


def probe(market: Market, victim: Company, findings: Findings) -> None:
    """Everybody who has no right to it asks for the partner `victim`'s things."""
    findings.victims += 1
    asked = list(requests(market, victim))
    for turn, (kind, stranger) in enumerate(market.strangers_to(victim).items()):
        with unchanged(victim, kind, findings):
            _by_stranger(market, _share(market, asked, turn), stranger, kind, findings)
        with unchanged(victim, f"{kind}, id in the body", findings):
            _by_id_in_body(market, victim, stranger, turn, findings)
    for turn, (kind, secrets) in enumerate(_nobodies(victim).items()):
        with unchanged(victim, kind, findings):
            _by_nobody(market, _share(market, asked, turn), secrets, kind, findings)
    for turn, viewer in enumerate((victim.viewer, victim.upstream.viewer if victim.upstream else victim.viewer)):
        with unchanged(victim, "viewer", findings):
            _by_viewer(market, _share(market, asked, turn), viewer, findings)


def _nobodies(victim: Company) -> dict[str, Secrets]:
    return {
        "no session": Secrets(),
        "revoked session": Secrets(cookie=victim.manager.old_cookie),
        "revoked token": Secrets(token=victim.manager.old_token),
    }


def _share(market: Market, asked: Sequence[Request], turn: int) -> Sequence[Request]:
    """All of it, or in the short form a part, another one for each who asks."""
    return asked[turn % market.every :: market.every]


class unchanged:  # noqa: N801 - read as the words of a sentence: with unchanged(...)
    """Finds what changed of the victim's while the block ran."""

    def __init__(self, victim: Company, kind: str, findings: Findings) -> None:
        self.victim, self.kind, self.findings = victim, kind, findings

    def __enter__(self) -> None:
        self.before = digest_of(self.victim)

    def __exit__(self, *_error: object) -> None:
        after = digest_of(self.victim)
        changed = [table for table in after if after[table] != self.before.get(table)]
        if changed:
            self.findings.leaks.append(f"{self.kind} changed {', '.join(changed)} of {self.victim.name}")


def requests(market: Market, victim: Company) -> Iterator[Request]:
    """Every route that is not for everybody, with the victim's ids in address and body. Raises UndeclaredError."""
    for rule in routes.rules(market.app, market.among):
        if _is_public(rule):
            continue
        path = routes.address(market.app, rule, victim)
        for method in routes.methods(rule):
            for version in (1,) if method == "GET" else market.versions:
                for body in routes.bodies(method, path, victim, version):
                    yield rule, method, path, body


def _is_public(rule: Rule) -> bool:
    permission = permission_of(rule.endpoint)
    if permission is None:
        raise routes.UndeclaredError(f"{rule.rule} declares no permission.")
    return permission.way is Way.PUBLIC


def _by_stranger(market: Market, asked: Sequence[Request], stranger: Company, kind: str, findings: Findings) -> None:
    for rule, method, path, body in asked:
        answer = _ask(market, stranger.manager, method, path, body)
        findings.probes[kind] += 1
        _judge(market, stranger, f"{kind}: {method} {path}", answer, findings)
        # A product of one's own distributor is no secret; what it is sold for to others would be.
        may_know = kind in SHARE_A_CATALOGUE
        is_theirs = "uid" in rule.arguments and not (may_know and routes.named_by(rule) == "product")
        if is_theirs and answer.status_code not in _refusals(method):
            findings.leaks.append(f"{kind}: {method} {path} answered {answer.status_code}")


def _refusals(method: str) -> frozenset[int]:
    """Reading is not found or forbidden; a body that makes no sense may be refused before that."""
    return frozenset({403, 404} if method == "GET" else {400, 403, 404, 409, 412, 415, 422, 428})


def _by_id_in_body(market: Market, victim: Company, stranger: Company, turn: int, findings: Findings) -> None:
    for _rule, method, path, body in _share(market, list(_own_paths(market, victim, stranger)), turn):
        answer = _ask(market, stranger.manager, method, path, body)
        findings.probes["foreign id in the body"] += 1
        _judge(market, stranger, f"id in the body: {method} {path}", answer, findings)


def _own_paths(market: Market, victim: Company, stranger: Company) -> Iterator[Request]:
    """The stranger's own addresses, with the victim's ids in what is sent."""
    owner = stranger if stranger.upstream else next(one for one in market.partners if one.upstream is stranger)
    for rule in routes.rules(market.app, market.among):
        path = routes.address(market.app, rule, owner)
        for method in routes.methods(rule):
            if not (_is_public(rule) or rule.endpoint in ENDS_THE_PROBE):
                yield from ((rule, method, path, body) for body in routes.bodies(method, path, victim, 1))


# A stranger who ends its own sign-in or gives its rights away could not go on asking.
ENDS_THE_PROBE = ("identity.revoke_sign_in", "identity.revoke_token", "identity.switch")


def _by_nobody(market: Market, asked: Sequence[Request], secrets: Secrets, kind: str, findings: Findings) -> None:
    for _rule, method, path, body in asked:
        answer = _browser(market, secrets.cookie).open(path, method=method, **_with_token(body, secrets.token))
        findings.probes[kind] += 1
        _judge(market, None, f"{kind}: {method} {path}", answer, findings)
        is_door = answer.status_code == 302 and answer.headers["Location"].startswith("/sign-in")
        if not (is_door or answer.status_code == 401):
            findings.leaks.append(f"{kind}: {method} {path} answered {answer.status_code}")


def _with_token(body: dict[str, Any], token: str) -> dict[str, Any]:
    return {**body, "headers": {**body.get("headers", {}), "Authorization": f"Bearer {token}"}} if token else body


def _browser(market: Market, cookie: str) -> Browser:
    browser = Browser(market.app, market.app.response_class, use_cookies=True)
    if cookie:
        browser.set_cookie(cookie_name(), cookie)
    return browser


def _by_viewer(market: Market, asked: Sequence[Request], viewer: Person, findings: Findings) -> None:
    """Who only reads may ask for everything and changes nothing."""
    for rule, method, path, body in asked:
        if method == "GET" or rule.endpoint.startswith(ANYBODYS):
            continue
        answer = _ask(market, viewer, method, path, body)
        findings.probes["viewer"] += 1
        if answer.status_code >= 500 or answer.status_code in {200, 201, 204}:
            findings.leaks.append(f"viewer: {method} {path} answered {answer.status_code}")


def _ask(market: Market, who: Person, method: str, path: str, body: dict[str, Any]) -> TestResponse:
    if path.startswith("/api/"):
        program = Program(market.app, market.app.response_class, use_cookies=False)
        program.token = who.token
        return program.open(path, method=method, **body)
    return _browser(market, who.cookie).open(path, method=method, **body)


def _judge(market: Market, reader: Company | None, what: str, answer: TestResponse, findings: Findings) -> None:
    own = reader.knows if reader else frozenset()
    told = market.canaries.foreign(answer.data.decode(errors="replace") + str(answer.headers), own)
    if told:
        findings.leaks.append(f"{what} told of {', '.join(told)}")
    if answer.status_code >= 500:
        findings.leaks.append(f"{what} failed with {answer.status_code}")
