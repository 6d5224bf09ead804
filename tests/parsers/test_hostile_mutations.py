"""Every parser reads or refuses the first of the mutations that `python -m bench.fuzz` makes."""

import random

import pytest

from bench.fuzz.child import find_fault, read
from bench.fuzz.seeds import MAKERS
from bench.fuzz.structures import mutate
from bench.fuzz.values import BYTE_MUTATIONS, mutate_bytes
from slm_factory.parsers.parsed import Parsed

NUMBERS = range(40)


@pytest.mark.parametrize("format_name", MAKERS)
def test_mutated_documents_are_read_or_refused(format_name: str) -> None:
    documents = MAKERS[format_name]()
    outcomes = {number: read(format_name, mutate(format_name, documents, 0, number)) for number in NUMBERS}
    assert {number: told for number, told in outcomes.items() if told[0] not in ("parsed", "refused")} == {}


@pytest.mark.parametrize("format_name", MAKERS)
def test_what_is_mutated_is_read_before(format_name: str) -> None:
    assert {read(format_name, document, is_thorough=True)[0] for document in MAKERS[format_name]()} == {
        "parsed"
    }


@pytest.mark.parametrize("format_name", MAKERS)
def test_mutations_differ_from_each_other_and_come_again(format_name: str) -> None:
    documents = MAKERS[format_name]()
    first = [mutate(format_name, documents, 0, number) for number in NUMBERS]
    assert [mutate(format_name, documents, 0, number) for number in NUMBERS] == first
    assert len(set(first) - set(documents)) > 0.7 * len(NUMBERS)


def test_every_byte_mutation_survives_the_shortest_documents() -> None:
    for seed in range(200):
        random_ = random.Random(seed)
        for mutation in BYTE_MUTATIONS:
            mutation(bytearray(b"x"), random_)
        mutate_bytes(b"", [b""], random_)


@pytest.mark.parametrize(
    ("fault", "fields"),
    [
        ("not NFC", {"markdown": "\u1112\u1161\u11ab\n"}),
        ("one line end", {"markdown": "a"}),
        ("one line end", {"markdown": "a\n\n"}),
        ("a control character", {"markdown": "a\x00\n"}),
        ("a lone surrogate", {"title": "\ud800"}),
        ("page starts", {"page_starts": (0, 9)}),
        ("page starts", {"page_starts": (1, 0)}),
        ("no text", {"title": None}),
    ],
)
def test_results_that_break_the_rules_of_parsed_are_faults(fault: str, fields: dict[str, object]) -> None:
    good = {"markdown": "a\n", "format": "txt"}
    assert find_fault([Parsed(**good)]) == ""  # type: ignore[arg-type]
    assert fault in find_fault([Parsed(**{**good, **fields})])  # type: ignore[arg-type]
    assert "one name" in find_fault([Parsed(**good)] * 2)  # type: ignore[arg-type]
