"""Law records of the national law API and the tax law site: statutes, rules, rulings, interpretations.

Format: open.law.go.kr, `lawService.do` as XML or JSON; taxlaw.nts.go.kr as JSON. Lists of search results and
error answers of these services are refused by name: they are no documents.
"""

import json
from collections.abc import Callable
from typing import Any

from slm_factory.parsers.hostile import local_name, read_xml
from slm_factory.parsers.law.fields import Record, as_record, line_of
from slm_factory.parsers.law.interpretation import (
    is_interpretation,
    read_interpretation,
    read_tax_interpretation,
)
from slm_factory.parsers.law.ruling import read_ruling
from slm_factory.parsers.law.statute import BASIC, read_statute
from slm_factory.parsers.markdown import one_line
from slm_factory.parsers.parsed import Options, Parsed, Refused

WRAPPERS: dict[str, Callable[[Record], Parsed]] = {
    "법령": read_statute,
    "LawService": read_statute,
    "AdmRulService": read_statute,
    "PrecService": read_ruling,
    "DetcService": read_ruling,
    "ExpcService": read_interpretation,
    "CgmExpcService": read_interpretation,
}
LISTS = (
    "LawSearch",
    "OrdinSearch",
    "AdmRulSearch",
    "PrecSearch",
    "DetcSearch",
    "ExpcSearch",
    "Expc",
    "CgmExpc",
)
RULING_TEXTS = ("판례내용", "판시사항", "판결요지", "결정요지")
READ = "statutes, administrative rules, ordinances, rulings and interpretations of the national law API"


def parse(data: bytes, options: Options) -> Parsed:
    """The law record in an XML or JSON file.

    Raises:
        Refused: the file is none.
    """
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        root = read_xml(data)
        record = as_record(root)
        value: Any = {local_name(root): record}
        if not is_record(value) and isinstance(record, dict):  # a root of another name: what is in it tells
            value = record
        kind = f"XML (<{one_line(local_name(root))[:60]}>)"
    else:
        try:
            value = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise Refused(f"no JSON: {error}") from error
        kind = "JSON"
    if not is_record(value):
        raise Refused(f"{kind} that is no law record; read are {READ}")
    return read_record(value)


def is_record(value: Any) -> bool:
    """Whether a JSON value comes from one of the services, so that `read_record` reads or refuses it."""
    return isinstance(value, dict) and (find_reader(value) is not None or find_fault(value) != "")


def read_record(value: Any) -> Parsed:
    """The document in a JSON value.

    Raises:
        Refused: it is a list of search results, an error answer, or no law record.
    """
    if not isinstance(value, dict) or (found := find_reader(value)) is None:
        raise Refused(find_fault(value) or f"no law record; read are {READ}")
    reader, record = found
    return reader(record)


def find_reader(value: Record) -> tuple[Callable[[Record], Parsed], Record] | None:
    """What reads a value, with the record in it; None where nothing does."""
    for name, reader in WRAPPERS.items():
        if isinstance(value.get(name), dict):
            return reader, value[name]
    if isinstance(value.get("dcmDVO"), dict):
        return read_tax_interpretation, value
    if any(isinstance(value.get(name), dict) for name in BASIC) and ("조문" in value or "조문내용" in value):
        return read_statute, value
    if "사건번호" in value and any(name in value for name in RULING_TEXTS):
        return read_ruling, value
    return (read_interpretation, value) if is_interpretation(value) else None


def find_fault(value: Any) -> str:
    """Why an answer of the services is no document, "" where it is not one of theirs."""
    if not isinstance(value, dict):
        return ""
    if any(isinstance(value.get(name), dict) for name in LISTS) or {"totalCnt", "page"} <= value.keys():
        return "a list of search results of the national law API, no document"
    if {"wnSessionUuid", "body"} <= value.keys() or "exeBaseDVOList" in value:
        return "a list of search results of the tax law site, no document"
    error = value.get("Law") or value.get("법령") or value.get("Response") or value
    if isinstance(error, str):
        return f"an error answer of the national law API: {one_line(error)[:200]}"
    if isinstance(error, dict) and {"result", "msg"} <= error.keys():
        return f"an error answer of the national law API: {line_of(error, 'result')[:200]}"
    return ""
