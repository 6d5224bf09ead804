"""Guards against hostile files: bounded archives, and XML without entities, DTDs or the network."""

import io
import zipfile
import zlib
from typing import Any

from hwpx.opc.security import HwpxSecurityError, ZipGuardLimits, guard_zip_file, read_member
from lxml import etree

from slm_factory.parsers.parsed import Options, Refused


def open_archive(data: bytes, options: Options) -> zipfile.ZipFile:
    """The archive in `data`, its expanded size, compression ratios and names checked.

    Raises:
        Refused: it is damaged or over a limit.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        guard_zip_file(
            archive,
            limits=ZipGuardLimits(
                max_member_bytes=options.max_expanded_bytes,
                max_total_uncompressed_bytes=options.max_expanded_bytes,
            ),
        )
    except HwpxSecurityError as error:
        raise Refused(f"unsafe archive: {error}") from error
    except (zipfile.BadZipFile, NotImplementedError, IndexError) as error:  # the last: a nameless part
        raise Refused(f"damaged archive: {error}") from error
    return archive


def read_part(archive: zipfile.ZipFile, name: str, options: Options) -> bytes:
    """One part of an archive.

    Raises:
        Refused: it is missing, encrypted, damaged or over the limit.
    """
    try:
        return read_member(archive, name, limit=options.max_expanded_bytes)
    except KeyError as error:
        raise Refused(f"damaged archive: it has no part {name}") from error
    except HwpxSecurityError as error:
        raise Refused(f"unsafe archive: {error}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError, ValueError) as error:
        raise Refused(f"damaged archive: {name}: {error}") from error


def xml_parser(recover: bool = False, remove_comments: bool = False) -> etree.XMLParser:
    """A parser that resolves no entities and fetches nothing; `recover` reads as far as damage lets it."""
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, recover=recover,
        remove_comments=remove_comments,
    )  # fmt: skip


def read_xml(data: bytes) -> etree._Element:
    """The root element of an XML document; entities stay unresolved and nothing is fetched.

    Raises:
        Refused: it is not well-formed, or declares entities.
    """
    try:
        root = etree.fromstring(data, xml_parser(remove_comments=True))
    except etree.XMLSyntaxError as error:
        raise Refused(f"damaged XML: {error}") from error
    document_type = root.getroottree().docinfo.internalDTD
    if document_type is not None and any(True for _ in document_type.iterentities()):
        raise Refused("XML that declares entities, which documents never need and attacks do")
    return root


def local_name(element: Any) -> str:
    """The tag of an element, lxml's or the standard library's, without namespace; "" for comments."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
