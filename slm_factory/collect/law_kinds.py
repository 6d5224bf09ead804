"""The kinds of records that the national law API has: how each is listed, named, dated and served.

https://open.law.go.kr, guides of `lawSearch.do` and `lawService.do` for each target.
"""

from typing import NamedTuple

from lxml import etree

from slm_factory.core.text import normalize
from slm_factory.parsers.law.fields import iso_date

LAST_DAY = "29991231"


class Kind(NamedTuple):
    """A kind of record: how it is listed and served, by the names of the API's fields."""

    target: str
    listing: dict[str, str]  # parameters of the list, beside target and query
    since: str  # parameter for a range of days
    identity: str  # the same through all versions of a record
    serial: str  # of one version
    serving: dict[str, str]  # parameter of the record -> field of the list
    names: tuple[str, ...]
    dates: tuple[str, ...]


KINDS = {
    # eflaw serves the text in force, target=law the last promulgated one, which may not be in force yet.
    "statute": Kind(
        *("eflaw", {"nw": "3"}, "efYd", "법령ID", "법령일련번호"),
        *({"MST": "법령일련번호", "efYd": "시행일자"}, ("법령명한글",), ("시행일자", "공포일자")),
    ),
    "rule": Kind(
        *("admrul", {}, "prmlYd", "행정규칙ID", "행정규칙일련번호"),
        *({"ID": "행정규칙일련번호"}, ("행정규칙명",), ("발령일자", "시행일자")),
    ),
    "ordinance": Kind(
        *("ordin", {}, "efYd", "자치법규ID", "자치법규일련번호"),
        *({"ID": "자치법규ID"}, ("자치법규명",), ("시행일자", "공포일자")),
    ),
    "ruling": Kind(
        *("prec", {}, "prncYd", "판례일련번호", "판례일련번호"),
        *({"ID": "판례일련번호"}, ("사건번호", "사건명"), ("선고일자",)),
    ),
    "constitutional": Kind(
        *("detc", {}, "edYd", "헌재결정례일련번호", "헌재결정례일련번호"),
        *({"ID": "헌재결정례일련번호"}, ("사건번호", "사건명"), ("종국일자",)),
    ),
    "interpretation": Kind(
        *("expc", {}, "explYd", "법령해석례일련번호", "법령해석례일련번호"),
        *({"ID": "법령해석례일련번호"}, ("안건번호", "안건명"), ("회신일자", "해석일자")),
    ),
}


class Item(NamedTuple):
    """A line of a list: one version of a record."""

    kind: str
    id: str
    serial: str
    date: str  # ISO date, "" where the list tells none
    name: str
    parameters: dict[str, str]  # that serve it


class Search(NamedTuple):
    """What is asked for."""

    kind: str
    query: str  # "*" for all
    since: str  # ISO date, "" for all
    in_texts: bool  # also in the texts, not only in the names
    page_size: int

    def parameters(self, page: int) -> dict[str, str]:
        """The parameters of a page of the list, from 1."""
        kind = KINDS[self.kind]
        parameters = {
            **{"target": kind.target, "query": self.query, "display": str(self.page_size)},
            **{"page": str(page), "search": "2" if self.in_texts else "1"},
            **kind.listing,
        }
        if self.since:
            parameters[kind.since] = f"{self.since.replace('-', '')}~{LAST_DAY}"
        return parameters


def read_item(name: str, line: etree._Element) -> Item | None:
    """A line of a list, None for what is none (totals) and for versions that are not in force."""
    kind = KINDS[name]
    fields = {child.tag: normalize(child.text or "") for child in line if isinstance(child.tag, str)}
    serial = fields.get(kind.serial, "")
    identity = fields.get(kind.identity) or serial
    if not identity or fields.get("현행연혁코드", "현행") != "현행":
        return None
    return Item(
        kind=name,
        id=identity,
        serial=serial,
        date=next(filter(None, (iso_date(fields.get(field, "")) for field in kind.dates)), ""),
        name=" ".join(filter(None, (fields.get(field, "") for field in kind.names))),
        parameters={parameter: fields.get(field, "") for parameter, field in kind.serving.items()},
    )
