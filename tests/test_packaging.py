"""What a wheel holds, and that it serves from an environment where there is no checkout."""

import configparser
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from http.cookiejar import CookieJar
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener
from zipfile import ZipFile

import pytest

from distributor.postgres.server import within
from tests.ports import reserved_port

ROOT = Path(__file__).parent.parent
SOURCES = ("distributor", "workflows", "templates", "migrations")
SCRAPS = shutil.ignore_patterns("__pycache__", "*.pyc")
PASSWORD = "a long and boring sentence"
EMAIL = "anna@example.com"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the wheel is built from: a build leaves scraps beside its source."""
    copy = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        shutil.copytree(ROOT / name, copy / name, ignore=SCRAPS)
    for name in ("setup.py", "setup.cfg", "pyproject.toml", "README.md", "LICENSE", "wsgi.py"):
        shutil.copy(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("built")
    run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(built), str(source)])
    return next(built.glob("*.whl"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel alone; the libraries are borrowed from the one the tests run in."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place, symlinks=True)
    python = place / "bin" / "python"
    run(
        [
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(python),
            "install",
            "--no-deps",
            "--no-index",
            str(wheel),
        ]
    )
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(place)}))
    libraries = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (packages / "borrowed.pth").write_text("\n".join(libraries) + "\n")
    return place


def run(command: list[str], **settings: str) -> None:
    """In a folder from which the checkout cannot be imported."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **elsewhere(**settings))
    assert done.returncode == 0, done.stdout + done.stderr


def elsewhere(**settings: str) -> dict[str, Any]:
    hidden = ("DATABASE_URL", "PYTHONPATH", "DISTRIBUTOR_HOME")
    inherited = {name: value for name, value in os.environ.items() if name not in hidden}
    return {"cwd": "/", "env": inherited | settings}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with reserved_port() as port:
        yield port


@pytest.fixture(scope="module")
def service(environment: Path, port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the installed service, with one organization and its admin."""
    place = tmp_path_factory.mktemp("service")
    command = str(environment / "bin" / "distributor")
    settings = {"DISTRIBUTOR_HOME": str(place / "home"), "PORT": str(port)}
    (place / "password").write_text(PASSWORD)
    who = ["--organization", "Northwind", "--admin", EMAIL, "--password-file", str(place / "password")]
    run([command, "init", *who], **settings)
    address = f"http://127.0.0.1:{settings['PORT']}"
    with (place / "web.log").open("w+") as log:
        web = subprocess.Popen([command, "web"], stdout=log, stderr=log, **elsewhere(**settings))
        try:
            assert within(60, lambda: is_up(address) or web.poll() is not None)
            assert web.poll() is None, (place / "web.log").read_text()
            yield address
        finally:
            web.terminate()
            web.wait(timeout=30)


def is_up(address: str) -> bool:
    try:
        return bool(page(build_opener(), f"{address}/healthz"))
    except URLError:
        return False


def page(browser: OpenerDirector, address: str, form: dict[str, str] | None = None) -> str:
    body = urlencode(form).encode() if form else None
    with browser.open(address, data=body, timeout=30) as answer:
        text: str = answer.read().decode()
        return text


def sign_in(browser: OpenerDirector, address: str) -> None:
    """As a person does it: open the first page, fill in the form that is shown, send it."""
    with browser.open(address, timeout=30) as answer:
        here, shown = answer.url, answer.read().decode()
    action = re.search(r'<form method="post" action="([^"]+)"', shown)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', shown)
    assert token
    form = {"csrf_token": token.group(1), "email": EMAIL, "password": PASSWORD}
    page(browser, urljoin(here, action.group(1)) if action else here, form)


def test_the_wheel_holds_every_file_of_its_source(wheel: Path) -> None:
    packed = set(ZipFile(wheel).namelist())
    assert {*expected_files(), "wsgi.py"} <= packed


def expected_files() -> set[str]:
    """Where each file of the checkout goes; templates and migrations move below the package."""
    moved = {"templates": "distributor/templates", "migrations": "distributor/migrations"}
    return {
        str(Path(moved.get(top, top)) / path.relative_to(ROOT / top))
        for top in SOURCES
        for path in (ROOT / top).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    tops = {Path(name).parts[0] for name in ZipFile(wheel).namelist()}
    assert tops == {"distributor", "workflows", "wsgi.py", "distributor-0.1.0.dist-info"}


def test_the_installed_service_signs_people_in(service: str) -> None:
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    assert 'name="password"' in page(browser, service)
    sign_in(browser, service)
    assert 'name="password"' not in page(browser, service)


def test_the_installed_service_has_its_styles(service: str) -> None:
    browser = build_opener()
    sheet = re.search(r'<link rel="stylesheet" href="([^"]+)"', page(browser, service))
    assert sheet
    assert page(browser, urljoin(service, sheet.group(1)))


def test_the_installed_service_speaks_german(service: str) -> None:
    browser = build_opener()
    browser.addheaders = [("Accept-Language", "de")]
    assert "Geschäftliche E-Mail-Adresse" in page(browser, service)


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_pins_everything_by_hash_and_names_no_host(lock: str) -> None:
    text = (ROOT / lock).read_text()
    pins = re.findall(r"^[a-z0-9-]+==\S+(?: ;[^\\]*)? \\\n    --hash=sha256:", text, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[a-z0-9]", text, re.MULTILINE)) > 30
    assert "://" not in text


def test_the_lock_for_tests_has_the_versions_of_the_service() -> None:
    for_service, for_tests = pinned("requirements.lock"), pinned("requirements-dev.lock")
    assert for_service.items() <= for_tests.items()


def pinned(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ]+)", (ROOT / lock).read_text(), re.MULTILINE))


def test_the_contract_of_the_rules_forbids_every_library_the_service_uses() -> None:
    options = configparser.ConfigParser()
    options.read(ROOT / "setup.cfg")
    forbidden = set(options["importlinter:contract:1"]["forbidden_modules"].split())
    wanted = options["options"]["install_requires"].strip().splitlines()
    libraries = {re.split(r"[^\w-]", line)[0].lower() for line in wanted} - {"transitions", "tzdata"}
    modules = {name for name, of in packages_distributions().items() if libraries & {x.lower() for x in of}}
    assert {name for name in modules if not name.startswith("_")} <= forbidden
