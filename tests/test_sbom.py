"""What the product is made of: known to the last file, and under licences that it may be delivered with."""

from __future__ import annotations

import json
from pathlib import Path

import sbom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = Path(__file__).resolve().parents[1]
# Weak copyleft binds changes of the package itself, which we make none of.
ALLOWED = {
    "0BSD", "Apache-2.0", "Apache-2.0 AND BSD-2-Clause", "Apache-2.0 OR BSD-2-Clause", "Apache-2.0 OR BSD-3-Clause",
    "BSD-2-Clause", "BSD-3-Clause", "LGPL-3.0-only", "MIT", "MIT OR Apache-2.0", "MIT-0", "MPL-2.0", "OFL-1.1",
    "PSF-2.0",
}  # fmt: skip


def test_every_part_has_a_licence_it_may_be_delivered_with() -> None:
    assert {part.name: part.licence for part in sbom.parts() if part.licence not in ALLOWED} == {}


def test_every_python_package_is_pinned_with_hashes() -> None:
    pinned = [part for part in sbom.parts() if part.kind == "pypi"]
    assert {"flask", "sqlalchemy", "webauthn"} <= {part.name for part in pinned}
    assert [part.name for part in pinned if not part.hashes] == []


def test_the_list_of_licences_is_that_of_the_lock() -> None:
    assert (ROOT / "docs/licences.md").read_text() == sbom.page(sbom.parts()), "run `make sbom`"


def test_the_bill_is_valid_cyclonedx_and_names_every_part() -> None:
    text = sbom.bill(sbom.parts())
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert {one["purl"] for one in json.loads(text)["components"]} == {str(part.url) for part in sbom.parts()}
