"""HWPX: the package around OWPML sections (KS X 6101), in the order of its spine."""

import posixpath
import re
import sys

from lxml import etree

from slm_factory.parsers.hancom.owpml import Body, finish
from slm_factory.parsers.hostile import local_name, open_archive, read_part, read_xml
from slm_factory.parsers.markdown import one_line
from slm_factory.parsers.parsed import Options, Parsed, Refused

SECTION = re.compile(r"(?:.*/)?section(\d{1,9})\.xml", re.IGNORECASE)
MANIFEST = "META-INF/manifest.xml"
META = {"title": "title", "creator": "author", "ModifiedDate": "modified"}


class Package:
    """The parts of a package by name, with `/` in names that some programs write with backslashes."""

    def __init__(self, data: bytes, options: Options) -> None:
        self.options = options
        self.archive = open_archive(data, options)
        self.names = {name.replace("\\", "/"): name for name in self.archive.namelist()}
        self.warnings: list[str] = []

    def read(self, name: str) -> bytes:
        """The bytes of a part.

        Raises:
            Refused: it is missing or damaged.
        """
        return read_part(self.archive, self.names.get(name, name), self.options)

    def root(self, ending: str) -> etree._Element | None:
        """The root of the first part whose name ends so; None if there is none, or a damaged one."""
        name = next((name for name in self.names if ending and name.lower().endswith(ending.lower())), None)
        try:
            return None if name is None else read_xml(self.read(name))
        except Refused as error:
            self.warnings.append(f"{name} cannot be read: {error.reason}")
            return None

    def sections(self, content: etree._Element | None) -> list[str]:
        """The names of the sections in the order of the spine; those it does not list follow by number."""
        numbers = {name: int(match[1]) for name in self.names if (match := SECTION.fullmatch(name))}
        places: dict[str, int] = {}
        if content is not None:
            items = {item.get("id"): item.get("href") or "" for item in content.iter("{*}item")}
            for index, reference in enumerate(content.iter("{*}itemref")):
                places.setdefault(posixpath.basename(items.get(reference.get("idref"), "")), index)

        def place(name: str) -> int:
            return places.get(posixpath.basename(name), sys.maxsize)

        return sorted(numbers, key=lambda name: (place(name), numbers[name], name))


def parse(data: bytes, options: Options) -> Parsed:
    """All sections as Markdown.

    Raises:
        Refused: the package is damaged, unsafe or encrypted.
    """
    package = Package(data, options)
    with package.archive:
        if MANIFEST in package.names and b"encryption-data" in package.read(MANIFEST):
            raise Refused("the document is encrypted; save it without a password")
        content = package.root("content.hpf")
        body = Body(package.root("header.xml"), package.root)
        names = package.sections(content)
        errors = {name: error for name in names if (error := read_section(package, name, body))}
    if len(errors) == len(names):
        raise next(iter(errors.values()), Refused("a HWPX package without sections"))
    warnings = [f"{name} cannot be read: {error.reason}" for name, error in errors.items()]
    return finish(body, "hwpx", read_metadata(content), [*package.warnings, *warnings], options)


def read_section(package: Package, name: str, body: Body) -> Refused | None:
    """Adds a section to the body; why not, if it cannot be read."""
    try:
        body.read(read_xml(package.read(name)))
    except Refused as error:
        return error
    return None


def read_metadata(content: etree._Element | None) -> dict[str, str]:
    """Title, author and time of the last change, as content.hpf states them."""
    meta: dict[str, str] = {}
    for element in content.iter("{*}title", "{*}meta") if content is not None else ():
        name = element.get("name") if local_name(element) == "meta" else "title"
        if name in META:
            meta[META[name]] = one_line(element.text or "")
    return meta
