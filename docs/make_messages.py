"""Brings the catalogues of the interface and of the HTML pages up to date with the code, and compiles them.

    python -m docs.make_messages      (make messages)

Gathered are the texts that the code marks (`_`, `N_`, `ngettext`), the help of every command, and the
sentences of code that knows nothing of languages, such as those of errors, which are translated where they
are printed. The pages of slm_factory/report have a catalogue of their own. tests/language and tests/report
fail when the code has a text that the catalogues lack.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import typer
import yaml
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from docs.sentences import sentences
from slm_factory import language
from slm_factory.cli import help, profile, status
from slm_factory.cli.main import app
from slm_factory.language.sentences import CONTEXT
from slm_factory.report import bilingual

ROOT = Path(__file__).resolve().parent.parent
REPORT = Path(bilingual.__file__).parent
KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}

MEMORY = "weights {weights}, adapter {adapter}, activations {activations}, logits {logits}"
# What stands in fields of sentences and has words of its own: of the gate, a version, memory, durations.
PARTS = (
    *("no questions to judge by ({explanation})", "{mean} ({low} to {high})", "general chat", "plain text"),
    *("{documents} documents, {lines} training lines, headline {headline} against {champion}: {verdict}",),
    *("{verdict}, {count} of the gate's rules not met", "the base", "not measured", "pass", "fail"),
    *(MEMORY, MEMORY + " in each of {processes} processes"),
    *("{hours} h", "{minutes} min", "{seconds} s", "{seconds} s ({speed} tokens per second)"),
)


def main() -> None:
    """Writes every catalogue and its compiled form."""
    update(language.CATALOGUES, language.DOMAIN, messages())
    update(bilingual.CATALOGUES, bilingual.DOMAIN, page_messages())


def update(catalogues: Path, domain: str, template: Catalog) -> None:
    """Writes the domain's catalogues with the template's texts, and compiles them."""
    for place in sorted(catalogues.glob(f"*/LC_MESSAGES/{domain}.po")):
        catalogue = read(place)
        catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
        catalogue.obsolete.clear()
        with place.open("wb") as file:
            write_po(file, catalogue, width=100, no_location=True, sort_output=True)
        with place.with_suffix(".mo").open("wb") as file:
            write_mo(file, catalogue)


def read(place: Path) -> Catalog:
    """The catalogue in a .po file."""
    with place.open("rb") as file:
        return read_po(file, locale=place.parent.parent.name, domain=place.stem)


def messages() -> Catalog:
    """Every text of the interface."""
    catalogue = Catalog()
    for file, _, message, _, context in extract_from_dir(
        ROOT / "slm_factory", [("**.py", "python")], keywords=KEYWORDS
    ):
        if Path(file).parts[0] != REPORT.name:
            catalogue.add(message, context=context)
    for text in help_texts():
        catalogue.add(text)
    for name in counts():
        catalogue.add(name, context=status.COUNT)
    for file in sorted((ROOT / profile.PROFILES).glob("*.yaml")):
        catalogue.add(profile.summary(file), context=profile.SUMMARY)
    for sentence in error_sentences():
        catalogue.add(sentence, context=CONTEXT, flags={"python-brace-format"})
    return catalogue


def page_messages() -> Catalog:
    """Every text of the HTML pages."""
    catalogue = Catalog()
    kinds = [("**.py", "python"), ("**.html", "jinja2")]
    for _, _, message, _, context in extract_from_dir(REPORT, kinds, keywords=KEYWORDS):
        catalogue.add(message, context=context)
    return catalogue


def help_texts() -> Iterator[str]:
    """The paragraphs of all help that commands show, and the words around them."""
    yield from help.WORDS
    for owner, name in help.places(typer.main.get_command(app)):
        yield from help.paragraphs(getattr(owner, name))


def counts() -> Iterator[str]:
    """The names of what stages count in their metrics, as `status` shows them."""
    described = yaml.safe_load((ROOT / "docs/metrics.yaml").read_text(encoding="utf-8"))
    for keys in described.values():
        for name, (unit, *_) in keys.items():
            if "." not in name and unit.endswith(("s", "step")):
                yield name.replace("_", " ")


def error_sentences() -> Iterator[str]:
    """What errors say, with {fields}; what typer says of a wrong call; what dvc.yaml says of a stage."""
    yield from (*help.SENTENCES, *PARTS)
    for stage in yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"].values():
        yield stage["desc"].replace("{", "{{").replace("}", "}}")
    for package in ("slm_factory", "stages"):
        for file in sorted((ROOT / package).rglob("*.py")):
            yield from sentences(ast.parse(file.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
