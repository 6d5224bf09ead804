"""Writes docs/reference: commands, parameters, stages, metrics and rows, from what defines them.

    python -m docs.make_reference      (make docs)

tests/test_docs.py fails when a page is not what this writes.
"""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
import yaml
from pydantic import BaseModel

from docs.markdown import page, table
from docs.rows_page import rows_page
from slm_factory.cli.check import settings_of
from slm_factory.cli.main import app

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
METRICS = ROOT / "docs" / "metrics.yaml"
ARROWS = {"up": "↑", "down": "↓", "": ""}
METRICS_INTRODUCTION = """\
`dvc metrics show` prints them, `dvc metrics diff` compares two commits. But for the seconds, the same inputs
on the same kind of machine give the same numbers. `*` stands for a name from the data: in
[evaluate](#evaluate) first a slice (recall, unseen, abstain, withdrawn, general, text), then a contender
(base, tuned, champion, base_retrieval, tuned_retrieval).

A number that is measured on a sample is `mean`, `low` and `high`: its 95% bootstrap interval. In
[gate](#gate) it is `value`, `low`, `high`, beside the `limit` and whether it `is_met`."""
USAGE_INTRODUCTION = """\
What each stage that asks the teacher took, under the key `teacher`: in all, and by document. The file
[teacher](#teacher) adds them up."""


def main() -> None:
    """Writes every page."""
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, encoding="utf-8")


def pages() -> dict[str, str]:
    """File name -> Markdown of every reference page."""
    return {
        "commands.md": commands_page(),
        "parameters.md": parameters_page(),
        "stages.md": stages_page(),
        "metrics.md": metrics_page(),
        "rows.md": rows_page(),
    }


def commands_page() -> str:
    """Every command of the CLI with its options, from typer."""
    group = typer.main.get_command(app)
    parts = [
        table(
            ["command", "does"],
            [
                [f"[`{name}`](#{name.replace(' ', '-')})", summary(command)]
                for name, command in subcommands(group)
            ],
        ),
        str(group.epilog),
    ]
    for name, command in subcommands(group):
        rows = [
            [f"`{name_of(option)}`", option.help or "", default_of(option)]
            for option in command.params
            if not getattr(option, "hidden", False)
        ]
        options = [table(["option", "meaning", "default"], rows)] if rows else []
        paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
        parts += [f"## {name}", *map(with_examples, paragraphs), *options]
    return page("Commands", *parts)


def subcommands(group: Any, prefix: str = "") -> list[tuple[str, Any]]:
    """(name, command) of every command in a group and the groups in it, in the order of `--help`."""
    found: list[tuple[str, Any]] = []
    for name, command in group.commands.items():
        inner = hasattr(command, "commands")
        found += subcommands(command, f"{prefix}{name} ") if inner else [(f"{prefix}{name}", command)]
    return found


def summary(command: Any) -> str:
    """The first paragraph of a command's help."""
    return inspect.cleandoc(command.help or "").split("\n\n")[0]


def with_examples(paragraph: str) -> str:
    """A paragraph of help; one of examples as a code block, a command a line."""
    found = re.fullmatch(r"Examples?:\s+(.*)", paragraph, re.DOTALL)
    if not found:
        return paragraph
    return "\n".join(f"    {' '.join(example.split())}" for example in re.split(r";\s", found[1]))


def name_of(option: Any) -> str:
    """How an option or argument is written on the command line."""
    return ", ".join(option.opts) if option.param_type_name == "option" else option.name.upper()


def default_of(option: Any) -> str:
    """How an option's default is shown: empty for switches and for what is optional."""
    if option.required:
        return "required"
    values = option.default if isinstance(option.default, list | tuple) else [option.default]
    named = [str(getattr(value, "value", value)) for value in values if value not in (None, False, "")]
    return f"`{', '.join(named)}`" if named else ""


def parameters_page() -> str:
    """Every key of params.yaml: default, type with its limits, comment."""
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    comments = comments_of(text)
    parts = ["Values are those of params.yaml. `dvc exp run -S train.rank=8` changes one for an experiment."]
    for section, values in yaml.safe_load(text).items():
        model = settings_of(section)
        types = types_of(model) if model else {}
        rows = [
            [f"`{key}`", f"`{yaml_value(value)}`", types.get(key, ""), comments.get((section, key), "")]
            for key, value in flat(values)
        ]
        parts += [f"## {section}", table(["key", "value", "type", "meaning"], rows)]
    return page("Parameters", *parts)


def flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(key, value) of a section's settings, those of an inner mapping as `outer.key`."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def yaml_value(value: object) -> str:
    """A value as params.yaml would write it, on one line."""
    flow = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000)
    return flow.removesuffix("\n").removesuffix("\n...")


def comments_of(text: str) -> dict[tuple[str, str], str]:
    """(section, key) -> the comment behind it."""
    comments: dict[tuple[str, str], str] = {}
    path: list[str] = []
    for match in re.finditer(r"^( *)(\w+):(?:.*?\s# (.*))?$", text, re.MULTILINE):
        indent, key, comment = match.groups()
        path = [*path[: len(indent) // 2], key]
        if indent:
            comments[path[0], ".".join(path[1:])] = comment or ""
    return comments


def types_of(model: type[BaseModel]) -> dict[str, str]:
    """Key -> its type with limits in words, from the model's JSON schema."""
    schema = model.model_json_schema()
    shared = schema.get("$defs", {})
    types: dict[str, str] = {}
    for key, rule in schema["properties"].items():
        inner = shared.get(rule.get("$ref", "").rpartition("/")[2], {}).get("properties")
        if inner:
            types |= {f"{key}.{name}": type_words(within, shared) for name, within in inner.items()}
        else:
            types[key] = type_words(rule, shared)
    return types


def type_words(rule: dict[str, Any], shared: dict[str, Any]) -> str:
    """One JSON schema rule in words: `integer, at least 1`."""
    if "$ref" in rule:
        rule = shared[rule["$ref"].rpartition("/")[2]]
    if "anyOf" in rule:
        return " or ".join(type_words(choice, shared) for choice in rule["anyOf"])
    if "enum" in rule or "const" in rule:
        return "one of " + ", ".join(f"`{value}`" for value in rule.get("enum", [rule.get("const")]))
    words = [str(rule.get("type", "any"))]
    if words == ["array"]:
        words = [f"list of {type_words(rule.get('items', {}), shared)}"]
    limits = {
        "minimum": "at least",
        "exclusiveMinimum": "above",
        "maximum": "at most",
        "exclusiveMaximum": "below",
        "minLength": "characters at least",
        "minItems": "entries at least",
    }
    words += [f"{says} {rule[name]:g}" for name, says in limits.items() if name in rule]
    return ", ".join(words)


def stages_page() -> str:
    """Every stage of dvc.yaml: what it does, reads, takes and writes."""
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    parts = [
        "`dvc dag` draws how they hang together; each is `python -m stages.<name>`.",
        table(["stage", "does"], [[f"[`{name}`](#{name})", stage["desc"]] for name, stage in stages.items()]),
    ]
    for name, stage in stages.items():
        rows = []
        for role in ("deps", "params", "outs", "metrics", "plots"):
            shown = [
                f"[`{n}`](parameters.md#{n.partition('.')[0]})" if role == "params" else f"`{n}`"
                for n in paths(stage, role)
            ]
            if shown:
                rows.append([role, ", ".join(shown)])
        parts += [f"## {name}", f"{stage['desc'][0].upper()}{stage['desc'][1:]}.", table(["", "what"], rows)]
    return page("Stages", *parts)


def metrics_page() -> str:
    """Every number in metrics/*.json, from docs/metrics.yaml, and the stage that writes it, from dvc.yaml."""
    files = yaml.safe_load(METRICS.read_text(encoding="utf-8"))
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    writers = {path: name for name, stage in stages.items() for path in paths(stage, "metrics", "plots")}
    parts = [METRICS_INTRODUCTION]
    for file, entries in files.items():
        path = f"metrics/{file}.json"
        stage = writers.get(path) or writers.get(str(Path(path).parent))
        where = f"`{path}`, written by [{stage}](stages.md#{stage})." if stage else USAGE_INTRODUCTION
        rows = [
            [f"`{key}`", unit, ARROWS[better], meaning] for key, (unit, better, meaning) in entries.items()
        ]
        parts += [f"## {file}", where, table(["number", "unit", "better", "meaning"], rows)]
    return page("Metrics", *parts)


def paths(stage: dict[str, Any], role: str, *more: str) -> list[str]:
    """The names that a stage of dvc.yaml lists under its keys; an entry is one, or {name: options}."""
    entries = [entry for key in (role, *more) for entry in stage.get(key, [])]
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]


if __name__ == "__main__":
    main()
