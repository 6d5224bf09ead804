"""HWP 5 (Hancom, "한글 문서 파일 형식 5.0"): python-hwpx turns the records into OWPML, read as in HWPX."""

import re
import struct
import zlib

from hwpx.hwp5 import (
    bodytext,
    docinfo,
    fileheader,
    header_xml,
    owpml,
    reader,
    records,
    section_common,
    section_xml,
    summary,
)
from hwpx.hwp5.cfb import CompoundFile
from hwpx.hwp5.errors import Hwp5Error
from lxml import etree

from slm_factory.parsers.hancom.owpml import Body, finish
from slm_factory.parsers.hostile import read_xml
from slm_factory.parsers.parsed import Options, Parsed, Refused

SUMMARY = "\x05HwpSummaryInformation"
SECTION = re.compile(r"(BodyText|ViewText)/Section(\d{1,9})")
STYLES = (records.NUMBERING, records.BULLET, records.PARA_SHAPE, records.STYLE)  # what text needs to know
# What the library raises on records that are damaged; it names only some of them.
DAMAGES = (
    *(Hwp5Error, struct.error, ValueError, IndexError, KeyError, OverflowError, AttributeError, TypeError),
    *(RecursionError, zlib.error),
)
REASONS = {
    "hwp5-password": "the document is encrypted; save it without a password",
    "hwp5-distribution": "a distribution document (배포용 문서) is encrypted; get the one it was made from",
    "hwp5-drm": "the document is protected by DRM; save it without",
    "hwp5-not-hwp5": "no HWP 5 document",
}
# What the library counts as not converted though the text of the body loses nothing.
SILENT = ("memo", "presentation", "master-page", "range-tag", "inline", "table-data", "control-without")


class Compound:
    """The streams of a document, expanded within the limit that holds for all of them together."""

    def __init__(self, data: bytes, options: Options) -> None:
        self.file = CompoundFile(data)
        self.header = fileheader.parse_file_header(self.file.read("FileHeader"))
        reader.refuse_protected(self.header)
        self.left = options.max_expanded_bytes

    def records(self, name: str) -> records.RecordStream:
        """The records of a stream, without where each line stands on its page.

        Raises:
            Refused: they are over the limit.
        """
        data = self.file.read(name)
        if self.header.compressed:
            data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, self.left + 1)
        self.left -= len(data)
        if self.left < 0:
            raise Refused("the document expands to more than max_expanded_megabytes")
        stream = records.parse_records(data, name)
        for parent in stream.records:
            parent.children = [child for child in parent.children if child.tag != records.PARA_LINE_SEG]
        return stream

    def sections(self) -> list[str]:
        """The streams of the sections by number; with tracked changes, the text is in ViewText."""
        found: dict[str, dict[int, str]] = {"BodyText": {}, "ViewText": {}}
        for name in self.file.stream_paths():
            if match := SECTION.fullmatch(name):
                found[match[1]][int(match[2])] = name
        tracked = found["ViewText"] if self.header.has("track_changes") else {}
        return [name for _, name in sorted((found["BodyText"] | tracked).items())]


class Sections(section_xml.SectionWriter):
    """Writes sections as OWPML; a damaged object costs only what cannot be read of it."""

    def control(
        self, run: etree._Element, ctrl: records.Record, text_id: str | None = None
    ) -> etree._Element | None:
        """Writes an object of a paragraph."""
        try:
            return super().control(run, ctrl, text_id)
        except DAMAGES:
            self.report.skip(f"damaged {(bodytext.record_ctrl_id(ctrl) or 'object').strip()}")
            return None


def parse(data: bytes, options: Options) -> Parsed:
    """All sections as Markdown.

    Raises:
        Refused: the document is damaged, encrypted, protected, or made for distribution.
    """
    warnings: list[str] = []
    report = section_common.ConversionReport()
    try:
        compound = Compound(data, options)
        body = Body(read_header(compound, warnings))
        names = compound.sections()
        errors = {name: error for name in names if (error := read_section(compound, name, report, body))}
        meta = read_summary(compound.file)
    except DAMAGES as error:
        raise Refused(reason_of(error)) from error
    if len(errors) == len(names):
        raise Refused(next(iter(errors.values()), "a HWP document without sections"))
    warnings += [f"{name} cannot be read: {error}" for name, error in errors.items()]
    missing = {kind: count for kind, count in report.unconverted.items() if not kind.startswith(SILENT)}
    warnings += [f"cannot be read: {kind} ({count} times)" for kind, count in sorted(missing.items())]
    return finish(body, "hwp", meta, warnings, options)


def reason_of(error: Exception) -> str:
    """Why a document or a stream cannot be read."""
    return REASONS.get(getattr(error, "code", ""), f"damaged HWP document: {error}")


def read_header(compound: Compound, warnings: list[str]) -> etree._Element | None:
    """Styles and numberings as OWPML; None, with a warning, if they are damaged."""
    try:
        stream = compound.records("DocInfo")
        stream.records = [record for record in stream.records if record.tag in STYLES]
        return read_xml(header_xml.build_header(docinfo.decode_docinfo(stream), 1))
    except DAMAGES as error:
        warnings.append(f"styles and numbers cannot be read: {reason_of(error)}")
        return None


def read_section(
    compound: Compound, name: str, report: section_common.ConversionReport, body: Body
) -> str | None:
    """Adds a section to the body; why not, if it cannot be read."""
    try:
        section = owpml.root("hs:sec")
        Sections(report).paragraphs(section, compound.records(name).roots)
        body.read(section)
    except DAMAGES as error:
        return reason_of(error)
    return None


def read_summary(file: CompoundFile) -> dict[str, str]:
    """Title, author and time of the last change; nothing that is not stated."""
    found = summary.read_summary(file.read(SUMMARY)) if file.has_stream(SUMMARY) else {}
    saved = found.get(summary.LAST_SAVED)
    return {
        "title": str(found.get(summary.TITLE, "")),
        "author": str(found.get(summary.AUTHOR, "")),
        "modified": summary.filetime_text(saved) if isinstance(saved, int) else "",
    }
