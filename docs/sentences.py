"""The sentences of code that knows no catalogue, as templates: f-strings become text with named {fields}."""

import ast
from collections.abc import Iterator
from itertools import product

# Calls whose arguments people read, and functions whose result they do.
CALLS = ("UserError", "Refused", "TeacherFailure", "Finding", "Repair", "Forecast", "rule", "say")
FUNCTIONS = ("described", "__str__")
PREFIXES = ("error: ", "hint: ")  # translated apart
MOST = 16  # templates of one text; more means that it is no sentence

Scope = dict[str, list[ast.expr]]  # what is assigned to each name of a function, or of the module
Function = (ast.FunctionDef, ast.AsyncFunctionDef)


def sentences(module: ast.Module) -> Iterator[str]:
    """The templates of every error, finding and line that the module makes, without `error:` and `hint:`."""
    yield from _in(module, _assigned(module))


def _in(block: ast.AST, scope: Scope) -> Iterator[str]:
    for node in ast.iter_child_nodes(block):
        spoken: list[ast.expr] = []
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in CALLS:
            spoken = [*node.args, *(keyword.value for keyword in node.keywords)]
        elif isinstance(node, ast.Return) and node.value and getattr(block, "name", "") in FUNCTIONS:
            spoken = [node.value]
        yield from (text for expression in spoken for text in _sentences_of(expression, scope))
        yield from _in(node, scope | _assigned(node) if isinstance(node, Function) else scope)


def _assigned(block: ast.AST) -> Scope:
    """Every value that each name is given directly in a block, not in the functions within."""
    found: Scope = {}
    waiting = list(ast.iter_child_nodes(block))
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.Assign):
            for target in node.targets:
                pairs = [(target, node.value)]
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = list(zip(target.elts, node.value.elts, strict=False))
                for name, value in pairs:
                    if isinstance(name, ast.Name):
                        found.setdefault(name.id, []).append(value)
        if not isinstance(node, (*Function, ast.ClassDef)):
            waiting += ast.iter_child_nodes(node)
    return found


def _sentences_of(expression: ast.expr, scope: Scope) -> Iterator[str]:
    for parts in _texts(expression, scope) or []:
        text = _named(parts)
        for prefix in PREFIXES:
            text = text.removeprefix(prefix)
        if is_sentence(text):
            yield text


def is_sentence(template: str) -> bool:
    """Whether a template says anything: at least one word of two letters, beside a field or another word."""
    literal = "".join(part if number % 2 == 0 else " " for number, part in enumerate(_split(template)))
    return len(template.split()) > 1 and any(word.isalpha() and len(word) > 1 for word in literal.split())


def _split(template: str) -> list[str]:
    """Literal and field in turn."""
    parts, rest = [], template.replace("{{", "(").replace("}}", ")")
    while "{" in rest:
        literal, _, rest = rest.partition("{")
        field, _, rest = rest.partition("}")
        parts += [literal, field]
    return [*parts, rest]


Parts = tuple[str | ast.expr, ...]  # literal text, and the expressions between


def _texts(node: ast.expr, scope: Scope, depth: int = 0) -> list[Parts] | None:
    """What an expression may say; None where that cannot be told from the code."""
    if isinstance(node, ast.Constant):
        return [(node.value,)] if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return _joined([_part(value, scope, depth) for value in node.values])
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        sides = _alternatives([node.left, node.right], scope, depth)
        return sides and _joined(sides)
    if isinstance(node, (ast.IfExp, ast.BoolOp)):
        values = [node.body, node.orelse] if isinstance(node, ast.IfExp) else node.values
        sides = _alternatives(values, scope, depth)
        return sides and [text for side in sides for text in side]
    if isinstance(node, ast.Name) and depth < 2 and node.id in scope:
        found = [_texts(value, scope, depth + 1) for value in scope[node.id]]
        return None if None in found else [text for texts in found for text in texts or []]
    return None


def _alternatives(nodes: list[ast.expr], scope: Scope, depth: int) -> list[list[Parts]] | None:
    """What each of several expressions may say, a field where that is unknown; None where all are unknown."""
    found = [_texts(node, scope, depth) for node in nodes]
    if not any(found):
        return None
    return [texts or [(node,)] for node, texts in zip(nodes, found, strict=True)]


def _part(value: ast.expr, scope: Scope, depth: int) -> list[Parts]:
    """What a part of an f-string may say: its text, or that of a name in braces, or just a field."""
    if not isinstance(value, ast.FormattedValue):
        return _texts(value, scope, depth) or [(value,)]
    inner = None if value.format_spec or value.conversion > 0 else _texts(value.value, scope, depth)
    return inner or [(value.value,)]


def _joined(parts: list[list[Parts]]) -> list[Parts] | None:
    """Every way to put the parts together."""
    ways = [tuple(piece for part in way for piece in part) for way in product(*parts)]
    return ways if len(ways) <= MOST else None


def _named(parts: Parts) -> str:
    """A template: each expression by the name that says most of it, numbered where two have the same."""
    text, seen = "", dict[str, int]()
    for part in parts:
        if isinstance(part, str):
            text += part.replace("{", "{{").replace("}", "}}")
            continue
        names = [node for node in ast.walk(part) if isinstance(node, (ast.Name, ast.Attribute))]
        first = names[0] if names else None
        name = first.attr if isinstance(first, ast.Attribute) else first.id if first else "value"
        seen[name] = seen.get(name, 0) + 1
        text += "{" + name + (str(seen[name]) if seen[name] > 1 else "") + "}"
    return text
