"""Office Open XML packages (ECMA-376 Part 2), made ordinary so that python-docx and python-pptx open them.

Both refuse what Office itself reads: Strict documents, macro-enabled ones and templates, relationships to
parts that are missing, damaged XML in any part. And both fetch every picture, which no text needs.
"""

import io
import posixpath
import re
import zipfile
from collections.abc import Callable, Iterable
from typing import IO, Any, NamedTuple, TypeVar
from urllib.parse import unquote

from docx.opc.exceptions import OpcError
from lxml import etree
from pptx.exc import PythonPptxError

from slm_factory.parsers.hostile import local_name, open_archive, read_part, xml_parser
from slm_factory.parsers.markdown import one_line
from slm_factory.parsers.parsed import Options, Refused

TEXTUAL = (".xml", ".rels", ".psmdcp")  # the last holds properties in files that .NET wrote
CONTENT_TYPES = "[Content_Types].xml"
STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/")  # Part 4, annex A, lists the namespaces in pairs
TRANSITIONAL = rb"http://schemas.openxmlformats.org/\1/2006/"
COMPATIBILITY = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
TYPES = "{http://schemas.openxmlformats.org/package/2006/content-types}"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
# What the libraries raise on packages that are XML, but not what they expect; neither names it better.
DAMAGES = (
    OpcError, PythonPptxError, etree.LxmlError, KeyError, ValueError, AttributeError, TypeError, IndexError,
    AssertionError,
)  # fmt: skip
# Titles that programs write when nobody wrote one.
UNTITLED = re.compile(
    r"(?:(?:PowerPoint|Word) ?(?:Presentation|Document|프레젠테이션|문서)|Microsoft (?:Word|PowerPoint) - .*"
    r"|(?:Slide|슬라이드|Document|문서) ?\d+|Untitled|제목 없음)\Z",
    re.IGNORECASE,
)
TEMPLATE_DATE = "2013-"  # what the libraries' own templates carry, with this author or description
TEMPLATE_MARK = re.compile(r"python-docx|python-pptx")

Parts = dict[str, bytes]
Document = TypeVar("Document")


class Properties(NamedTuple):
    """What the package says about itself; "" for what it does not."""

    title: str
    author: str
    modified: str  # ISO date

    def meta(self) -> dict[str, str]:
        """Author and day of the last change, as far as they are told."""
        return {key: value for key in ("author", "modified") if (value := getattr(self, key))}


def open_package(
    data: bytes, options: Options, main_type: str, open_: Callable[[IO[bytes]], Document]
) -> tuple[Document, Properties, tuple[str, ...]]:
    """The package as a library's `open_` gives it, its properties, and warnings about mended parts.

    `main_type` is the content type that the library demands of the main part.

    Raises:
        Refused: it is no such package, unsafe, or damaged beyond reading.
    """
    parts, targets = read_parts(data, options, main_type)
    warnings: tuple[str, ...] = ()
    try:
        try:
            document = open_(pack(parts))
        except (etree.XMLSyntaxError, UnicodeError):
            warnings = mend(parts)
            document = open_(pack(parts))
    except DAMAGES as error:
        raise Refused(f"damaged document: {error}") from error
    return document, read_properties(parts.get(targets.get("core-properties", ""), b"")), warnings


def read_parts(data: bytes, options: Options, main_type: str) -> tuple[Parts, dict[str, str]]:
    """The XML parts by name, and the targets of the package's relationships by the last word of their type.

    Namespaces are transitional ones, and no relationship leads to a part that is not there.

    Raises:
        Refused: the archive is damaged or unsafe, or no package.
    """
    with open_archive(data, options) as archive:
        parts = {
            name.replace("\\", "/"): plain_xml(read_part(archive, name, options))
            for name in archive.namelist()
            if name.lower().endswith(TEXTUAL) and not name.startswith("customXml")
        }
    for name in (CONTENT_TYPES, "_rels/.rels"):
        if name not in parts:
            raise Refused(f"damaged archive: it has no part {name}")
    by_name = {name.lower(): name for name in parts}
    targets: dict[str, str] = {}
    for name in [name for name in parts if name.endswith(".rels")]:
        parts[name], found = read_relationships(name, parts[name], by_name)
        targets = found if name == "_rels/.rels" else targets
    parts[CONTENT_TYPES] = state_types(parts[CONTENT_TYPES], targets.get("officeDocument", ""), main_type)
    return parts, targets


def plain_xml(part: bytes) -> bytes:
    """The part in UTF-8 and in the transitional namespaces.

    Raises:
        Refused: it has a document type declaration, which Part 2 forbids under XML usage.
    """
    if part.startswith(UTF_16):
        text = part.decode("utf-16", "replace")
        part = re.sub(r"\A\s*<\?xml[^>]*\?>", "", text).encode("utf-8", "replace")
    if b"<!DOCTYPE" in part:
        raise Refused("XML with a document type, which Office never writes and attacks need")
    return STRICT.sub(TRANSITIONAL, part)


def read_relationships(name: str, part: bytes, by_name: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    """A part of relationships without the broken ones, and the targets by the last word of their type."""
    found: dict[str, str] = {}
    root = parse_leniently(part)
    if root is None:
        return b"", found
    folder = posixpath.dirname(posixpath.dirname(name))
    for link in list(root):
        target, kind = link.get("Target") or "", link.get("Type") or ""
        if not link.get("Id") or not kind or not target:
            root.remove(link)
        elif link.get("TargetMode") != "External":
            path = posixpath.normpath(posixpath.join("/", folder, unquote(target).replace("\\", "/")))
            actual = by_name.get(path.lstrip("/").lower())
            if actual is None:
                root.remove(link)
            else:
                link.set("Target", f"/{actual}")
                found[kind.rpartition("/")[2]] = actual
    return etree.tostring(root), found


def state_types(part: bytes, main: str, main_type: str) -> bytes:
    """The content types with a default for XML, and with the wanted type for the main part."""
    root = parse_leniently(part)
    if root is None or not main:
        raise Refused("damaged archive: it names no main part")
    for element in list(root):
        if not isinstance(element.tag, str) or element.get("PartName", "").lower() == f"/{main}".lower():
            root.remove(element)
    etree.SubElement(root, f"{TYPES}Override", PartName=f"/{main}", ContentType=main_type)
    for extension, content_type in (
        ("xml", "application/xml"),
        ("rels", "application/vnd.openxmlformats-package.relationships+xml"),
    ):
        if all(element.get("Extension") != extension for element in root):
            etree.SubElement(root, f"{TYPES}Default", Extension=extension, ContentType=content_type)
    return etree.tostring(root)


def pack(parts: Parts) -> io.BytesIO:
    """The parts as an archive, not compressed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(zipfile.ZipInfo(name), part)
    return buffer


def mend(parts: Parts) -> tuple[str, ...]:
    """Mends damaged XML in place as far as it can be read; a warning for each part."""
    warnings = []
    for name, part in parts.items():
        try:
            etree.fromstring(part, xml_parser())
        except (etree.XMLSyntaxError, ValueError):
            root = parse_leniently(part)
            parts[name] = b"<damaged/>" if root is None else etree.tostring(root)
            warnings.append(f"damaged XML, read as far as possible: {name}")
    return tuple(warnings)


def parse_leniently(part: bytes) -> etree._Element | None:
    """The root of an XML part, of a damaged one what stands before the damage; None if that is nothing."""
    try:
        return etree.fromstring(part, xml_parser(recover=True))
    except (etree.XMLSyntaxError, ValueError):
        return None


def read_properties(part: bytes) -> Properties:
    """Title, author and day of the last change (Part 2, section 11), without what programs fill in."""
    root = parse_leniently(part)
    found = {local_name(child): one_line(child.text or "") for child in (root if root is not None else ())}
    title, author = found.get("title", ""), found.get("creator", "")
    day = re.match(r"\d{4}-\d\d-\d\d", found.get("modified") or found.get("created") or "")
    is_template = TEMPLATE_MARK.search(f"{author} {found.get('description', '')}") is not None
    modified = day[0] if day and not (is_template and day[0].startswith(TEMPLATE_DATE)) else ""
    return Properties(
        "" if UNTITLED.match(title) else title, "" if TEMPLATE_MARK.match(author) else author, modified
    )


def root_of(part: Any) -> etree._Element | None:
    """The root of a part, as the library or we parse it; None if it is none or not XML."""
    if part is None:
        return None
    root = getattr(part, "_element", None)
    return parse_leniently(part.blob) if root is None else root


def target_of(part: Any, identifier: str | None) -> Any:
    """The part behind a relationship of another part, None if there is none."""
    link = part.rels.get(identifier or "")
    return None if link is None or link.is_external else link.target_part


def related(part: Any, kind: str) -> list[Any]:
    """The parts of the package that `part` points to with a relationship of this `kind`: `footnotes`, ..."""
    return [
        link.target_part
        for link in part.rels.values()
        if not link.is_external and link.reltype.rpartition("/")[2] == kind
    ]


def remove(element: etree._Element) -> None:
    """Takes an element out of its tree; the root stays."""
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def replace(element: etree._Element, container: Iterable[etree._Element]) -> None:
    """Puts the children of `container` in the place of `element`."""
    if element.getparent() is None:
        return
    for child in list(container):
        element.addprevious(child)
    remove(element)


def choose_alternatives(root: etree._Element) -> None:
    """Of content in several versions keeps the first, which is the newest (Part 3, section 7.5)."""
    for element in list(root.iter(f"{COMPATIBILITY}AlternateContent")):
        choice = element.find(f"{COMPATIBILITY}Choice")
        fallback = element.find(f"{COMPATIBILITY}Fallback")
        replace(element, choice if choice is not None else fallback if fallback is not None else ())
