"""Writes docs/reference: commands, parameters, stages and rows, from the code and files that define them.

    python -m docs.make_reference      (make docs)

tests/test_docs.py fails when a page is not what this writes.
"""

import inspect
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import typer
import yaml
from pydantic import BaseModel

from slm_factory.cli.check import settings_of
from slm_factory.cli.main import app
from slm_factory.core import records

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
NOTE = "<!-- Written by `make docs`; edit the code it describes instead. -->"


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
        "rows.md": rows_page(),
    }


def page(title: str, *parts: str) -> str:
    """A page: title, note, parts."""
    return "\n\n".join([f"# {title}", NOTE, *parts]) + "\n"


def table(titles: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; pipes and line ends in cells are made harmless."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(
        "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in line) + " |"
        for line in lines
    )


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
        rows = [[f"`{name_of(option)}`", option.help or "", default_of(option)] for option in command.params]
        options = [table(["option", "meaning", "default"], rows)] if rows else []
        parts += [f"## {name}", inspect.cleandoc(command.help or ""), *options]
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


def name_of(option: Any) -> str:
    """How an option or argument is written on the command line."""
    return ", ".join(option.opts) if option.param_type_name == "option" else option.name.upper()


def default_of(option: Any) -> str:
    """How an option's default is shown: empty for switches and for what is optional."""
    return "required" if option.required else "" if option.default in (None, False) else f"`{option.default}`"


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
            # An entry is a path, or {path: options}; parameters are linked to their section.
            names = [entry if isinstance(entry, str) else next(iter(entry)) for entry in stage.get(role, [])]
            shown = [
                f"[`{n}`](parameters.md#{n.partition('.')[0]})" if role == "params" else f"`{n}`"
                for n in names
            ]
            if shown:
                rows.append([role, ", ".join(shown)])
        parts += [f"## {name}", f"{stage['desc'][0].upper()}{stage['desc'][1:]}.", table(["", "what"], rows)]
    return page("Stages", *parts)


def rows_page() -> str:
    """Every table schema of core/records.py, column by column."""
    schemas = {name: value for name, value in vars(records).items() if isinstance(value, pa.Schema)}
    comments = column_comments(inspect.getsource(records))
    parts = [inspect.cleandoc(records.__doc__ or "")]
    earlier: dict[str, pa.Schema] = {}
    for name, schema in schemas.items():
        base = max(
            (
                other
                for other, columns in earlier.items()
                if schema.names[: len(columns.names)] == columns.names
            ),
            key=lambda other: len(earlier[other].names),
            default="",
        )
        skip = len(earlier[base].names) if base else 0
        rows = [
            [f"`{column.name}`", type_name(column.type), comments.get((name, column.name), "")]
            for column in list(schema)[skip:]
        ]
        title = name.lower().replace("_", " ")
        parts.append(f"## {title}")
        if base:
            link = base.lower().replace("_", " ")
            parts.append(f"Every column of [{link}](#{link.replace(' ', '-')}), and:")
        parts.append(table(["column", "type", "meaning"], rows))
        earlier[name] = schema
    return page("Rows", *parts)


def type_name(kind: pa.DataType) -> str:
    """An Arrow type in short: `list of string`."""
    if pa.types.is_list(kind):
        return f"list of {type_name(kind.value_type)}"
    if pa.types.is_struct(kind):
        return "{" + ", ".join(f"{field.name}: {type_name(field.type)}" for field in kind) + "}"
    return str(kind)


def column_comments(source: str) -> dict[tuple[str, str], str]:
    """(schema, column) -> its comment: the one behind it, or `# column: ...` on the line above its schema."""
    comments: dict[tuple[str, str], str] = {}
    above: dict[str, str] = {}
    schema = column = ""
    for token, before in tokens_with_last_name(source):
        if token.type == tokenize.NAME and token.start[1] == 0 and token.string.isupper():
            schema, column = token.string, ""
        elif token.type == tokenize.STRING and before == "(" and schema:
            column = token.string.strip("\"'")
            if column in above:
                comments[schema, column] = above.pop(column)
        elif token.type == tokenize.COMMENT:
            words = token.string.lstrip("# ")
            if token.line.lstrip().startswith("#"):
                name, colon, meaning = words.partition(": ")
                above = {name: meaning} if colon else above
            elif column:
                comments[schema, column] = words
    return comments


def tokens_with_last_name(source: str) -> Iterator[tuple[tokenize.TokenInfo, str]]:
    """Each token of Python source with the operator or name before it; line ends are left out."""
    before = ""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT):
            continue
        yield token, before
        before = token.string


if __name__ == "__main__":
    main()
