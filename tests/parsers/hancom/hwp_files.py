"""Small HWP 5 documents made in memory, record by record, as Hancom's specification of the format says.

Only the compound file around the streams is written by a library, and read by another one on the way in.
"""

import struct
import zlib
from collections.abc import Sequence

from hwpx.hwp5.cfb import build_compound_file

PROPERTIES, MAPPINGS, NUMBERING, PARA_SHAPE, STYLE = 0x10, 0x11, 0x17, 0x19, 0x1A
PARAGRAPH, TEXT, CHAR_SHAPES, RANGE_TAGS, CONTROL, LIST = 0x42, 0x43, 0x44, 0x46, 0x47, 0x48
PAGE, TABLE, RECTANGLE, SHAPE, EQUATION = 0x49, 0x4D, 0x4F, 0x4C, 0x58
COMPRESSED, PASSWORD, DISTRIBUTION, DRM, TRACKED = 1 << 0, 1 << 1, 1 << 2, 1 << 4, 1 << 14


def record(tag: int, level: int, payload: bytes = b"") -> bytes:
    """A record; sizes of 4095 and more follow its first word."""
    size = min(len(payload), 0xFFF)
    more = struct.pack("<I", len(payload)) if size == 0xFFF else b""
    return struct.pack("<I", tag | level << 10 | size << 20) + more + payload


def wide(text: str) -> bytes:
    """A text as the file stores it."""
    return text.encode("utf-16-le", "surrogatepass")


def name_of(control: str) -> bytes:
    """The four letters of a control, last one first."""
    return control.encode()[::-1]


class Object:
    """A control character of eight units, and the records of what it stands for, from level 0."""

    def __init__(self, code: int, control: str, records: Sequence[tuple[int, int, bytes]] = ()) -> None:
        unit = struct.pack("<H", code)
        self.characters = unit + name_of(control).ljust(12, b"\0") + unit
        self.records = records


def paragraph(
    *pieces: str | Object, level: int = 0, shape: int = 0, style: int = 0, tags: bytes = b""
) -> bytes:
    """The records of a paragraph of texts and objects."""
    return b"".join(
        record(tag, level + depth, payload)
        for tag, depth, payload in lines(*pieces, shape=shape, style=style, tags=tags)
    )


def lines(
    *pieces: str | Object, shape: int = 0, style: int = 0, tags: bytes = b""
) -> list[tuple[int, int, bytes]]:
    """Tag, level from 0 and payload of the records of a paragraph."""
    text = b"".join(wide(piece) if isinstance(piece, str) else piece.characters for piece in pieces) + wide(
        "\r"
    )
    head = struct.pack("<IIHBBHHHI", len(text) // 2, 0, shape, style, 0, 1, len(tags) // 12, 0, 0)
    found = [(PARAGRAPH, 0, head), (TEXT, 1, text), (CHAR_SHAPES, 1, struct.pack("<II", 0, 0))]
    found += [(RANGE_TAGS, 1, tags)] if tags else []
    for piece in pieces:
        if isinstance(piece, Object):
            found += [(tag, level + 1, payload) for tag, level, payload in piece.records]
    return found


def paragraph_list(
    *paragraphs: Sequence[tuple[int, int, bytes]], extra: bytes = b""
) -> list[tuple[int, int, bytes]]:
    """A list header and the paragraphs that follow it, at level 1."""
    head = struct.pack("<HHI", len(paragraphs), 0, 0) + extra
    return [(LIST, 1, head)] + [
        (tag, level + 1, payload) for one in paragraphs for tag, level, payload in one
    ]


def listed(code: int, control: str, *paragraphs: Sequence[tuple[int, int, bytes]]) -> Object:
    """A note, header, footer or comment."""
    return Object(code, control, [(CONTROL, 0, name_of(control) + bytes(16)), *paragraph_list(*paragraphs)])


def cell(
    row: int, column: int, *paragraphs: Sequence[tuple[int, int, bytes]], rows: int = 1, columns: int = 1
) -> list[tuple[int, int, bytes]]:
    """A table cell: its list header goes on with address, span, size, margins and border."""
    extra = struct.pack("<HHHHII4hH", column, row, columns, rows, 1000, 1000, 0, 0, 0, 0, 1)
    return paragraph_list(*paragraphs, extra=extra)


def table(rows: Sequence[Sequence[list[tuple[int, int, bytes]]]], columns: int, caption: str = "") -> Object:
    """A table of cells, with a caption below it if one is given."""
    sizes = b"".join(struct.pack("<H", len(row)) for row in rows)
    look = struct.pack("<IHHH4H", 0, len(rows), columns, 0, 0, 0, 0, 0) + sizes + struct.pack("<H", 1)
    side = struct.pack("<IIHI", 3, 8504, 850, 8504)
    before = paragraph_list(lines(caption), extra=side) if caption else []
    cells = [line for row in rows for one in row for line in one]
    return Object(11, "tbl ", [(CONTROL, 0, common("tbl ")), *before, (TABLE, 1, look), *cells])


def common(control: str) -> bytes:
    """The head of tables, shapes and equations: place, size, margins, identifier, comment."""
    return name_of(control) + struct.pack("<IiiIIi4HIiH", 0, 0, 0, 1000, 1000, 0, 0, 0, 0, 0, 1, 0, 0)


def text_box(*paragraphs: Sequence[tuple[int, int, bytes]]) -> Object:
    """A rectangle with text: its list stands below the component."""
    component = name_of("$rec") * 2 + bytes(194)
    inner = [
        (tag, level + 1, payload) for tag, level, payload in paragraph_list(*paragraphs, extra=bytes(13))
    ]
    return Object(
        11, "gso ", [(CONTROL, 0, common("gso ")), (SHAPE, 1, component), *inner, (RECTANGLE, 2, bytes(33))]
    )


def equation(script: str) -> Object:
    """An equation in Hancom's script."""
    body = struct.pack("<IH", 0, len(script)) + wide(script) + struct.pack("<IIhH", 1000, 0, 0, 0)
    return Object(11, "eqed", [(CONTROL, 0, common("eqed")), (EQUATION, 1, body)])


def section_definition(outline: int) -> Object:
    """What the first paragraph of a section begins with; `outline` is the numbering of its headings."""
    head = name_of("secd") + struct.pack("<IHHHIH", 0, 0, 0, 0, 8000, outline) + bytes(24)
    return Object(2, "secd", [(CONTROL, 0, head), (PAGE, 1, bytes(40))])


def para_shape(kind: int = 0, depth: int = 0, numbering: int = 0) -> bytes:
    """A paragraph shape: no heading (0), outline (1), number (2) or bullet (3) at a depth from 0."""
    margins = struct.pack("<6i", 0, 0, 0, 0, 0, 160)
    return (
        struct.pack("<I", kind << 23 | depth << 25)
        + margins
        + struct.pack("<HHH4h3I", 0, numbering, 0, *[0] * 7)
    )


def numbering(*levels: tuple[int, str]) -> bytes:
    """A numbering of seven levels: number format and template of the first ones."""
    filled = [*levels, *[(0, "")] * (7 - len(levels))]
    heads = b"".join(
        struct.pack("<IhHI", look << 5, 0, 50, 0xFFFFFFFF) + struct.pack("<H", len(template)) + wide(template)
        for look, template in filled
    )
    return heads + struct.pack("<H7I", 0, *[1] * 7)


def style(name: str, shape: int) -> bytes:
    """A paragraph style."""
    return struct.pack("<H", len(name)) + wide(name) + struct.pack("<HBBhHH", 0, 0, 0, 1042, shape, 0)


def summary(title: str, author: str, saved: int) -> bytes:
    """The property set (MS-OLEPS) with title (2), author (4) and time of the last change (13, FILETIME)."""
    values = [
        *(
            (key, struct.pack("<II", 31, len(text) + 1) + wide(f"{text}\0"))
            for key, text in ((2, title), (4, author))
        ),
        (13, struct.pack("<IQ", 64, saved)),
    ]
    values = [(key, value + bytes(-len(value) % 4)) for key, value in values]
    place, index, body = 8 + 8 * len(values), b"", b""
    for key, value in values:
        index += struct.pack("<II", key, place + len(body))
        body += value
    head = struct.pack("<HHI16sI", 0xFFFE, 0, 0x20005, bytes(16), 1) + bytes(16) + struct.pack("<I", 48)
    return head + struct.pack("<II", place + len(body), len(values)) + index + body


def hwp(
    *sections: bytes,
    info: Sequence[bytes] = (),
    flags: int = COMPRESSED,
    streams: dict[str, bytes] | None = None,
) -> bytes:
    """A document of sections; `info` are records of DocInfo besides the two that all have."""
    heads = [
        record(PROPERTIES, 0, struct.pack("<H", len(sections)) + bytes(24)),
        record(MAPPINGS, 0, bytes(72)),
    ]
    header = b"HWP Document File".ljust(32, b"\0") + struct.pack("<II", 0x05010100, flags)
    files = {"DocInfo": b"".join([*heads, *info])}
    files |= {f"BodyText/Section{number}": body for number, body in enumerate(sections)}
    packed = {name: deflate(body) if flags & COMPRESSED else body for name, body in files.items()}
    return build_compound_file(
        [("FileHeader", header.ljust(256, b"\0")), *(packed | (streams or {})).items()]
    )


def deflate(data: bytes) -> bytes:
    """Raw deflate, as streams are compressed."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()
