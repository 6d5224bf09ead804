"""Mutations of XML, and of archives of XML: DOCX, PPTX, XLSX, HWPX."""

import copy
import io
import random
import re
import zipfile
from collections.abc import Sequence
from functools import cache, lru_cache

from lxml import etree

from bench.fuzz.values import DEPTHS, mutate_bytes, number, value

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ENTITIES = (
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;">]>',
    b'<!DOCTYPE x [<!ENTITY c SYSTEM "file:///etc/passwd">]>',
    b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
)


@lru_cache(maxsize=256)
def parse_xml(data: bytes) -> etree._Element | None:
    """The root of a document, None where it is damaged; shared, so copy it."""
    try:
        return etree.fromstring(
            data, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
        )
    except etree.XMLSyntaxError:
        return None


def mutate_xml(data: bytes, others: Sequence[bytes], random_: random.Random) -> bytes:
    """The document with elements, attributes and texts changed; sometimes with entities, or as bytes."""
    choice = random_.random()
    shared = parse_xml(data)
    if shared is None or choice < 0.05:
        return mutate_bytes(data, others, random_)
    if choice < 0.08:
        return random_.choice(ENTITIES) + re.sub(rb"^<\?xml[^>]*\?>", b"", data).replace(b"</", b"&c;</", 1)
    root = copy.deepcopy(shared)
    for _ in range(random_.choice((1, 1, 2, 6))):
        elements = [element for element in root.iter() if isinstance(element.tag, str)]
        random_.choice(XML_MUTATIONS)(random_.choice(elements), random_.choice(elements), random_)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def set_attribute(element: etree._Element, other: etree._Element, random_: random.Random) -> None:
    """Gives an attribute a bad or another one's value, or removes it."""
    names = list(element.keys())
    if not names:
        element.text = legal(value(random_))
    elif random_.random() < 0.2:
        del element.attrib[random_.choice(names)]
    else:
        new = random_.choice((number(random_), value(random_), *other.values()))
        element.set(random_.choice(names), legal(new))


def set_text(element: etree._Element, other: etree._Element, random_: random.Random) -> None:
    """Gives an element a bad text, mostly where it has one."""
    element.text = random_.choice((legal(value(random_)), None, other.text))


def drop(element: etree._Element, other: etree._Element, random_: random.Random) -> None:
    """Removes an element, with or without its children."""
    parent = element.getparent()
    if parent is not None:
        if random_.random() < 0.5:
            for child in list(element):
                element.addprevious(child)
        parent.remove(element)


def repeat(element: etree._Element, other: etree._Element, random_: random.Random) -> None:
    """Puts copies of an element beside it."""
    if element.getparent() is not None:
        size = sum(1 for _ in element.iter())
        for _ in range(min(random_.choice((1, 2, 300)), 2000 // size + 1)):
            element.addnext(copy.deepcopy(element))


def transplant(element: etree._Element, other: etree._Element, random_: random.Random) -> None:
    """Puts a copy of an element into another, itself perhaps."""
    other.insert(random_.randrange(len(other) + 1), copy.deepcopy(element))


def swap(element: etree._Element, other: etree._Element, random_: random.Random) -> None:
    """Gives two elements each other's tag, or attributes."""
    if random_.random() < 0.5:
        element.tag, other.tag = other.tag, element.tag
    else:
        mine, theirs = dict(element.attrib), dict(other.attrib)
        element.attrib.clear()
        element.attrib.update(theirs)
        other.attrib.clear()
        other.attrib.update(mine)


def nest(element: etree._Element, other: etree._Element, random_: random.Random) -> None:
    """Wraps an element in copies of its and its parent's tags, very often."""
    parent = element.getparent()
    if parent is None:
        return
    outer = inner = etree.Element(element.tag, dict(element.attrib))
    for level in range(random_.choice(DEPTHS)):
        inner = etree.SubElement(inner, parent.tag if level % 2 == 0 else element.tag)
    parent.replace(element, outer)
    inner.append(element)


XML_MUTATIONS = (
    set_attribute,
    set_attribute,
    set_attribute,
    set_text,
    drop,
    drop,
    repeat,
    transplant,
    swap,
    nest,
)


def legal(text: str) -> str:
    """The text without what XML cannot hold."""
    return NOT_XML.sub("", text)


def mutate_archive(data: bytes, others: Sequence[bytes], random_: random.Random) -> bytes:
    """The archive with one or two parts changed, or with its parts removed, renamed or exchanged."""
    if random_.random() < 0.1:
        return mutate_bytes(data, others, random_)
    parts = dict(read_parts(data))
    if not parts:
        return data
    for _ in range(random_.choice((1, 1, 2))):
        name, other = random_.choice(weighted(data)), random_.choice(list(parts))
        choice = random_.random()
        if choice < 0.88 and name in parts:
            mutate = mutate_xml if name.endswith((".xml", ".rels", ".hpf", ".rdf")) else mutate_bytes
            parts[name] = mutate(parts[name], list(parts.values()), random_) if parts[name] else b"x"
        elif choice < 0.92:
            parts.pop(name, None)
        elif choice < 0.96:
            odd = (name.replace("/", "\\"), f"../{name}", f"/{name}", name.upper(), name + "\n", other, "")
            parts[random_.choice(odd)] = parts.pop(name, b"")
        else:
            parts[name], parts[other] = parts[other], parts.get(name, b"")
    return write_archive(parts)


@lru_cache(maxsize=256)
def read_parts(data: bytes) -> dict[str, bytes]:
    """The parts of an archive by name."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}


@cache
def weighted(data: bytes) -> list[str]:
    """The names of the parts; those that hold text, which are the ones parsers work on, more often."""
    text = re.compile(
        r"document|slide\d|sheet\d|sharedStr|section\d|header|note|number|style|\.rels|\.hpf|\[Content"
    )
    return [name for name in read_parts(data) for _ in range(8 if text.search(name) else 1)]


def write_archive(parts: dict[str, bytes]) -> bytes:
    """An archive of the parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()
