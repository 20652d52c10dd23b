"""Fetch the front-end libraries once and write them, ready to serve, into ``distributor/static``.

For developers only: ``python tools/vendor_frontend.py`` (needs ``npm`` and a network). What it writes is
kept in the repository, so nobody who installs or runs the service needs Node. On the way in

* Tabler loses its ``:has()`` rules (they cost 170 ms per key on a report of 5,000 lines) and the components
  that no page uses; what stays is put into the cascade layer ``tabler``, below our own rules;
* Tabler's ``data:`` images become files, because our Content-Security-Policy allows no others;
* of some five thousand icons those in ``icons.txt`` become one sprite, ``icons.svg``.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from vendor_icons import ICONS, sprite, write_masks

STATIC = Path(__file__).resolve().parent.parent / "distributor" / "static"
VENDOR = STATIC / "vendor"

PACKAGES = {
    "@tabler/core": "1.6.1",
    "@tabler/icons": "3.51.0",
    "@fontsource-variable/inter": "5.3.0",
    "htmx.org": "4.0.1",
}

# The first word of each Tabler class that pages may use. Everything else of Tabler is left out.
FAMILY_NAMES = (
    "align btn d flex form fs fw gap h input invalid is justify m mb me ms mt mx my "
    "overflow p pb pe ps pt px py show text user valid visible visually w was"
)
FAMILIES = frozenset(FAMILY_NAMES.split())

DATA_IMAGE = re.compile(
    r"url\((?P<quote>[\"']?)data:image/(?P<kind>[a-z+]+)(?P<coding>;base64)?,(?P<body>.*?)(?P=quote)\)"
)
UNUSED = re.compile(
    r"\[data-(vc|bs-sidebar|bs-theme-)|:has\("
    r"|\.(m|p)[xytbse]?-(sm|md|lg|xl|xxl)-"
    r"|\.(btn|text)-[a-z]+-(lt|fg|darken|subtle)|\.btn-(outline|ghost|[a-z]+$|[a-z]+[^a-z-])"
)
VARIABLE = re.compile(r"(?<=[{;])(--tblr-[\w-]+):(?:[^;{}()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*(;|(?=\}))")


class Block(NamedTuple):
    """One CSS rule: what stands before the brace, and what stands inside."""

    prelude: str
    body: str


def main() -> None:
    """Fetch, change and write everything, then say how large it is."""
    with tempfile.TemporaryDirectory() as folder:
        packages = {name: fetch(name, version, Path(folder)) for name, version in PACKAGES.items()}
        clear(VENDOR)
        write_tabler(packages["@tabler/core"])
        shutil.copy(packages["htmx.org"] / "dist/htmx.min.js", VENDOR / "htmx.min.js")
        shutil.copy(packages["@fontsource-variable/inter"] / "files/inter-latin-wght-normal.woff2", VENDOR)
        (STATIC / "icons.svg").write_text(sprite(packages["@tabler/icons"] / "icons"), encoding="utf-8")
        write_masks(packages["@tabler/icons"] / "icons", STATIC / "icons")
        write_licences(packages)
    write_versions()
    print(f"Written: {len(PACKAGES)} packages, {len(ICONS)} icons")


def fetch(name: str, version: str, folder: Path) -> Path:
    """Download one npm package with ``npm pack`` and return the folder it was unpacked into."""
    packed = subprocess.run(
        ["npm", "pack", "--json", f"{name}@{version}"], cwd=folder, check=True, capture_output=True, text=True
    )
    filename: str = json.loads(packed.stdout)[0]["filename"]
    archive = folder / filename
    target = folder / archive.stem
    with tarfile.open(archive) as tar:
        tar.extractall(target, filter="data")
    return target / "package"


def clear(folder: Path) -> None:
    """Leave nothing of an earlier version behind."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def write_tabler(package: Path) -> None:
    """Write Tabler's stylesheet as one cascade layer without what our pages can't use."""
    source = (package / "dist/css/tabler.min.css").read_text(encoding="utf-8")
    banner = source[source.index("/*!") : source.index("*/") + 2]
    rules = re.sub(r'/\*.*?\*/|@charset "UTF-8";', "", source, flags=re.S)
    kept = drop_unread_variables(select(rules))
    text = f"@layer tabler{{{DATA_IMAGE.sub(to_file, kept)}}}"
    (VENDOR / "tabler.min.css").write_text(f"{banner}\n{text}\n", encoding="utf-8")


def blocks(css: str) -> Iterator[Block]:
    """Split minified CSS into its outermost rules. Braces inside strings do not occur in Tabler."""
    start = depth = opened = 0
    for brace in re.finditer(r"[{}]", css):
        depth += 1 if brace[0] == "{" else -1
        if brace[0] == "{" and depth == 1:
            opened = brace.start()
        elif depth == 0:
            yield Block(css[start:opened].strip(), css[opened + 1 : brace.start()])
            start = brace.end()


def select(css: str) -> str:
    """Keep the rules that pages can use, conditions (``@media``, ``@supports``) around them included."""
    return "".join(kept for block in blocks(css) if (kept := select_block(block)))


def select_block(block: Block) -> str:
    if block.prelude.startswith("@keyframes"):
        return ""
    if block.prelude.startswith("@"):
        inner = select(block.body)
        return f"{block.prelude}{{{inner}}}" if inner else ""
    wanted = [selector for selector in split_selectors(block.prelude) if is_wanted(selector)]
    return f"{','.join(wanted)}{{{block.body}}}" if wanted else ""


def split_selectors(prelude: str) -> list[str]:
    """Split at commas that stand outside brackets."""
    return re.split(r",(?![^(\[]*[)\]])", prelude)


def is_wanted(selector: str) -> bool:
    """Tell whether every class in a selector belongs to a family that pages use."""
    if UNUSED.search(selector):
        return False
    names = re.findall(r"\.(-?[a-zA-Z_][\w-]*)", selector)
    return all(name.split("-")[0] in FAMILIES for name in names)


def drop_unread_variables(css: str) -> str:
    """Drop custom properties that no kept rule reads; repeat, as one may have been read by another only."""
    while (smaller := without(css, unread_by(css))) != css:
        css = smaller
    return css


def unread_by(css: str) -> set[str]:
    return {match[1] for match in VARIABLE.finditer(css)} - set(re.findall(r"var\((--tblr-[\w-]+)", css))


def without(css: str, names: set[str]) -> str:
    """Remove custom properties by name, and the rules that are empty then."""
    thinner = VARIABLE.sub(lambda match: "" if match[1] in names else match[0], css)
    return re.sub(r"[^{}]+\{\}", "", thinner)


def to_file(match: re.Match[str]) -> str:
    """Write one ``data:`` image as a file and return the reference to it."""
    coding = base64.b64decode if match["coding"] else unquote_to_bytes
    content = coding(match["body"])
    name = f"{hashlib.sha256(content).hexdigest()[:12]}.{match['kind'].split('+')[0]}"
    folder = VENDOR / "images"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    return f'url("images/{name}")'


def write_licences(packages: dict[str, Path]) -> None:
    """Keep each licence beside the files it covers. Tabler's is in the package of its icons only."""
    folder = VENDOR / "licences"
    folder.mkdir()
    for name, source in {
        "tabler": "@tabler/icons",
        "inter": "@fontsource-variable/inter",
        "htmx": "htmx.org",
    }.items():
        shutil.copy(packages[source] / "LICENSE", folder / f"{name}.txt")


def write_versions() -> None:
    """List what stands here and what was done to it."""
    lines = ["Written by tools/vendor_frontend.py, do not edit.", ""]
    lines += [f"{name} {version}" for name, version in PACKAGES.items()]
    lines += ["", "tabler.min.css lacks :has() rules and unused components and stands in @layer tabler."]
    (VENDOR / "VERSIONS").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
