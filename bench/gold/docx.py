"""Word documents as people write them, with known text; and what stands in real ones, read independently.

Made with python-docx, which has no notes, text boxes, fields or tracked changes: these are added as XML.
Numbers and marks of lists and headings, headers and footers, and labels of notes are no part of the gold.
"""

import random
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import docx
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from bench.gold.document import Gold
from bench.gold.writer import Writer, make_documents

SEED = 3
WORD = nsdecls("w")
KINDS = (
    "heading", "text", "text", "bullets", "steps", "table", "merged", "footnote", "endnote", "changed",
    "joined", "boxed", "control", "link", "field", "hidden", "broken", "frame", "nested",
)  # fmt: skip


def make(folder: Path) -> list[Gold]:
    """Writes documents of all kinds of content in random order, every other one in Korean."""
    return make_documents(folder, ".docx", WordWriter, KINDS, SEED)


def run(words: str, properties: str = "", tag: str = "t") -> str:
    """A run of words in XML."""
    return f'<w:r><w:rPr>{properties}</w:rPr><w:{tag} xml:space="preserve">{words}</w:{tag}></w:r>'


class WordWriter(Writer):
    """A document and, piece by piece, the texts that a reader finds in it."""

    def __init__(self, random_: random.Random, is_korean: bool) -> None:
        super().__init__(random_, is_korean)
        self.document = docx.Document()
        self.note_parts: dict[str, list[str]] = {"footnote": [], "endnote": []}

    def body(self, xml: str, *texts: str) -> None:
        """Adds blocks of XML that read as these paragraphs."""
        body = self.document.element.body
        for element in parse_xml(f"<w:x {nsdecls('w', 'r')}>{xml}</w:x>"):
            body.insert(len(body) - 1, element)  # the last one is the section
        self.paragraphs += texts

    def heading(self) -> None:
        """A heading of one of three levels."""
        self.paragraphs.append(self.noun())
        self.document.add_heading(self.paragraphs[-1], self.random.randint(1, 3))

    def text(self) -> None:
        """A paragraph in several runs, one of them bold."""
        words = self.say().split(" ")
        cut = len(words) // 2
        paragraph = self.document.add_paragraph(" ".join(words[:cut]) + " ")
        paragraph.add_run(" ".join(words[cut:])).bold = True
        self.paragraphs.append(" ".join(words))

    def items(self, style: str) -> None:
        """A list in the style."""
        for _ in range(self.random.randint(2, 5)):
            self.paragraphs.append(self.say())
            self.document.add_paragraph(self.paragraphs[-1], style=style)

    def bullets(self) -> None:
        """A list of two levels with bullets."""
        self.items("List Bullet")
        self.items("List Bullet 2")

    def steps(self) -> None:
        """A numbered list."""
        self.items("List Number")

    def new_table(self) -> tuple[Any, list[list[str]]]:
        """A full table, in the document and as texts."""
        texts = self.grid()
        table = self.document.add_table(len(texts), len(texts[0]))
        for row, words in zip(table.rows, texts, strict=True):
            for cell, text in zip(row.cells, words, strict=True):
                cell.text = text
        self.tables.append(texts)
        return table, texts

    def merged(self) -> None:
        """A table with a wide and a high cell."""
        table, texts = self.new_table()
        for (row, column), (to_row, to_column) in (((0, 0), (0, 1)), ((1, 0), (len(texts) - 1, 0))):
            text = texts[row][column]
            for high in range(row, to_row + 1):
                for wide in range(column, to_column + 1):
                    table.cell(high, wide).text = ""
                    texts[high][wide] = text
            table.cell(row, column).merge(table.cell(to_row, to_column)).text = text

    def nested(self) -> None:
        """A table of one column with a table in its last cell; whose rows those are is nobody's to judge."""
        texts = [self.noun() for _ in range(4)]
        table = self.document.add_table(2, 1)
        table.cell(0, 0).text, table.cell(1, 0).text = texts[:2]
        inner = table.cell(1, 0).add_table(1, 2)
        inner.cell(0, 0).text, inner.cell(0, 1).text = texts[2:]
        self.tables.append([[text] for text in texts])

    def frame(self) -> None:
        """A table of one cell around two paragraphs, which is a frame and no table."""
        texts = [self.say(), self.say()]
        cell = self.document.add_table(1, 1).cell(0, 0)
        cell.text = texts[0]
        cell.add_paragraph(texts[1])
        self.paragraphs += texts

    def note(self, kind: str) -> None:
        """A paragraph with a note in its middle."""
        before, after, note = self.say(), self.say(), self.say()
        identifier = len(self.note_parts[kind]) + 1
        self.note_parts[kind].append(f'<w:{kind} w:id="{identifier}"><w:p>{run(note)}</w:p></w:{kind}>')
        mark = f'<w:r><w:{kind}Reference w:id="{identifier}"/></w:r>'
        self.body(f"<w:p>{run(before)}{mark}{run(' ' + after)}</w:p>", f"{before} {after}")
        self.notes.append(note)

    def changed(self) -> None:
        """A paragraph with an insertion and a deletion."""
        kept, new = self.say(), self.say()
        deleted = f"<w:del>{run(' ' + self.noun(), tag='delText')}</w:del>"
        self.body(f"<w:p>{run(kept)}{deleted}<w:ins>{run(' ' + new)}</w:ins></w:p>", f"{kept} {new}")

    def joined(self) -> None:
        """Two paragraphs whose border was deleted."""
        first, second = self.say(), self.say()
        mark = "<w:pPr><w:rPr><w:del/></w:rPr></w:pPr>"
        self.body(f"<w:p>{mark}{run(first)}</w:p><w:p>{run(' ' + second)}</w:p>", f"{first} {second}")

    def boxed(self) -> None:
        """A paragraph with a text box."""
        anchor, inner = self.say(), self.say()
        box = f"<w:r><w:pict><w:txbxContent><w:p>{run(inner)}</w:p></w:txbxContent></w:pict></w:r>"
        self.body(f"<w:p>{run(anchor)}{box}</w:p>", anchor, inner)

    def control(self) -> None:
        """A paragraph in a content control."""
        words = self.say()
        self.body(f"<w:sdt><w:sdtContent><w:p>{run(words)}</w:p></w:sdtContent></w:sdt>", words)

    def link(self) -> None:
        """A paragraph with a hyperlink."""
        words, linked = self.say(), self.noun()
        hyperlink = f'<w:hyperlink w:anchor="a">{run(" " + linked)}</w:hyperlink>'
        self.body(f"<w:p>{run(words)}{hyperlink}</w:p>", f"{words} {linked}")

    def field(self) -> None:
        """A paragraph with a field, which shows its result."""
        words, result = self.say(), self.noun()
        begin, separate, end = (
            f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("begin", "separate", "end")
        )
        field = f"{begin}{run('REF mark', tag='instrText')}{separate}{run(' ' + result)}{end}"
        self.body(f"<w:p>{run(words)}{field}</w:p>", f"{words} {result}")

    def hidden(self) -> None:
        """A paragraph with hidden words."""
        words = self.say()
        self.body(f"<w:p>{run(words)}{run(self.noun(), '<w:vanish/>')}</w:p>", words)

    def broken(self) -> None:
        """A paragraph with a line break and a tab."""
        first, second, third = self.noun(), self.say(), self.noun()
        xml = f"{run(first)}<w:r><w:tab/></w:r>{run(second)}<w:r><w:br/></w:r>{run(third)}"
        self.body(f"<w:p>{xml}</w:p>", f"{first} {second} {third}")

    def save(self, path: Path) -> None:
        """Writes the document with its header, footer and notes."""
        section = self.document.sections[0]
        section.header.paragraphs[0].text = self.noun()
        section.footer.paragraphs[0]._p.append(
            parse_xml(f'<w:fldSimple {WORD} w:instr=" PAGE ">{run("1")}</w:fldSimple>')
        )
        part = self.document.part
        for kind, notes in self.note_parts.items():
            root = f"<w:{kind}s {WORD}>{''.join(notes)}</w:{kind}s>"
            content_type = CONTENT_TYPE.WML_FOOTNOTES if kind == "footnote" else CONTENT_TYPE.WML_ENDNOTES
            uri = PackURI(f"/word/{kind}s.xml")
            relation = RELATIONSHIP_TYPE.FOOTNOTES if kind == "footnote" else RELATIONSHIP_TYPE.ENDNOTES
            part.relate_to(Part(uri, content_type, root.encode(), part.package), relation)
        self.document.save(str(path))


def read(samples: Path) -> list[Gold]:
    """What stands in the Word documents below the folder, by a straight walk over their XML."""
    return [read_document(path) for path in sorted(samples.rglob("*.docx"))]


def read_document(path: Path) -> Gold:
    """The paragraphs and tables of one document's body, and its notes."""
    with zipfile.ZipFile(path) as archive:
        body = ElementTree.fromstring(archive.read("word/document.xml"))[-1]
        notes = [
            text
            for kind in ("footnotes", "endnotes")
            if f"word/{kind}.xml" in archive.namelist()
            for note in ElementTree.fromstring(archive.read(f"word/{kind}.xml"))
            if (text := words(note))
        ]
    gold = Gold(path, [], [], notes)
    collect(body, gold)
    return gold


def name(element: ElementTree.Element) -> str:
    """The tag without its namespace, which differs between the two kinds of Open XML."""
    return element.tag.rpartition("}")[2]


def attribute(element: ElementTree.Element | None, path: str, otherwise: str) -> str:
    """The `val` of the element found along local names, `otherwise` if there is none."""
    for step in path.split("/"):
        element = (
            next((child for child in element if name(child) == step), None) if element is not None else None
        )
    values = {
        key.rpartition("}")[2]: value
        for key, value in (element.attrib if element is not None else {}).items()
    }
    return values.get("val", otherwise if element is None else "")


def words(element: ElementTree.Element) -> str:
    """The text below an element that a reader sees in its own line; equations are left to another measure."""
    if name(element) in ("del", "moveFrom", "Fallback", "txbxContent", "instrText", "oMath"):
        return ""
    if name(element) == "t":
        return element.text or ""
    if name(element) in ("tab", "br", "cr") or (name(element) == "p" and len(element)):
        return " " + "".join(map(words, element))
    return "".join(map(words, element))


def collect(element: ElementTree.Element, gold: Gold) -> None:
    """Adds the paragraphs and tables below an element to the gold, in document order."""
    for child in element:
        if name(child) == "p":
            if text := words(child).strip():
                gold.paragraphs.append(text)
            for box in boxes(child):
                collect(box, gold)
        elif name(child) == "tbl":
            rows = within(child, "tr")
            if len(rows) == 1 and len(within(rows[0], "tc")) == 1:  # a frame
                collect(rows[0], gold)
            else:
                gold.tables.append(grid(rows))
        else:
            collect(child, gold)


def within(element: ElementTree.Element, wanted: str) -> list[ElementTree.Element]:
    """The children of this name, those in content controls included."""
    found = []
    for child in element:
        if name(child) == wanted:
            found.append(child)
        elif name(child) in ("sdt", "sdtContent", "ins"):
            found += within(child, wanted)
    return found


def boxes(element: ElementTree.Element) -> list[ElementTree.Element]:
    """The text boxes anchored below an element."""
    found = []
    for child in element:
        if name(child) == "txbxContent":
            found.append(child)
        elif name(child) not in ("Fallback", "del"):
            found += boxes(child)
    return found


def grid(table_rows: list[ElementTree.Element]) -> list[list[str]]:
    """The cells of a table, merged ones repeated."""
    rows: list[list[str]] = []
    for row in table_rows:
        texts = [""] * int(attribute(row, "trPr/gridBefore", "0"))
        for cell in within(row, "tc"):
            text, column = words(cell).strip(), len(texts)
            goes_on = attribute(cell, "tcPr/vMerge", "restart") != "restart"
            if goes_on and rows and column < len(rows[-1]):
                text = rows[-1][column]
            texts += [text] * int(attribute(cell, "tcPr/gridSpan", "1"))
        rows.append(texts)
    return rows
