"""Which part of a workbook holds the sheet of which name."""

import posixpath
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
STRICT_RELATION = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


def sheet_parts(workbook: bytes, relations: bytes) -> dict[str, str]:
    """Path of the part, in lower case, by name of the sheet. Both documents have been judged before."""
    targets = {element.get("Id"): _path(element.get("Target", "")) for element in _all(relations, "Relationship")}
    return {
        sheet.get("name", ""): targets.get(sheet.get(RELATION) or sheet.get(STRICT_RELATION), "")
        for sheet in _all(workbook, "sheet")
    }


def _all(document: bytes, name: str) -> list[Element]:
    return [element for element in fromstring(document).iter() if element.tag.rpartition("}")[2] == name]


def _path(target: str) -> str:
    return posixpath.normpath(posixpath.join("xl", target) if target[:1] != "/" else target[1:]).casefold()
