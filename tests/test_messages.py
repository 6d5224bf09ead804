"""Errors are found in the source as templates, whichever way they are written."""

import ast

import pytest

from docs.sentences import is_sentence, sentences


def found(source: str) -> list[str]:
    return list(sentences(ast.parse(source)))


@pytest.mark.parametrize(
    ("source", "templates"),
    [
        ('raise UserError("error: no file", "hint: make one")', ["no file", "make one"]),
        ('UserError(f"error: {path} is gone", "x")', ["{path} is gone"]),
        ('UserError(f"error: {self.file.name!r} is gone", "x")', ["{name} is gone"]),
        ('UserError("error: " + first + " is gone", "x")', ["{first} is gone"]),
        ('UserError(f"{a} and {a}", f"{b:.2f} s")', ["{a} and {a2}"]),
        ('Refused("a bad file" if x else f"a bad {kind}")', ["a bad file", "a bad {kind}"]),
        ('UserError(f"{n} of {name or \'no name\'}", "x")', ["{n} of {name}", "{n} of no name"]),
        ('UserError(f"set {{}} to {x}", "x")', ["set {{}} to {x}"]),
        ('ValueError("no such thing")', []),
    ],
)
def test_arguments_of_errors_become_templates(source: str, templates: list[str]) -> None:
    assert found(source) == templates


def test_a_name_stands_for_what_it_was_given_before() -> None:
    source = """
HINT = "hint: at the module"
def f(x):
    told = "one way" if x else "another way"
    def inner():
        told = "not this"
    raise UserError(told, HINT)
"""
    assert found(source) == ["one way", "another way", "at the module"]


def test_a_text_within_a_text_gives_each_whole() -> None:
    source = 'def f():\n    more = " (much)" if x else ""\n    raise UserError(f"{n} left{more}", hint)'
    assert found(source) == ["{n} left (much)", "{n} left"]


def test_what_only_names_something_is_no_sentence() -> None:
    assert not is_sentence("documents") and not is_sentence("{path}") and not is_sentence("{a}: {b}")
    assert is_sentence("{path} is gone") and is_sentence("install git")
