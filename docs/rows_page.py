"""The reference page of rows: every table schema of core/records.py, column by column."""

import inspect
import io
import tokenize
from collections.abc import Iterator

import pyarrow as pa

from docs.markdown import page, table
from slm_factory.core import records


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
