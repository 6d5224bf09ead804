"""Go's text/template, as far as Modelfiles of this project use it; anything else is an error.

tests/test_go_template.py holds it against what Ollama rendered, and against Go where that is installed.
"""

import re
from collections.abc import Iterator
from typing import Any

ACTION = re.compile(r"(?:\{\{|\s*\{\{-) (.+?) (?:\}\}|-\}\}\s*)", re.DOTALL)


def render(template: str, messages: list[dict[str, str]]) -> str:
    """What a server makes of `template` for the messages of a chat."""
    parts = ACTION.split(template)  # text and actions in turn
    nodes = parse(iter(enumerate(parts)))
    return "".join(run(nodes[0], {"messages": messages, "variables": {}}))


def parse(parts: Iterator[tuple[int, str]]) -> tuple[list[Any], str]:
    """(nodes, the action that ended them): a text, (action, nodes), or an if with its branches."""
    nodes: list[Any] = []
    for number, part in parts:
        if number % 2 == 0:
            nodes.append(part)
        elif part == "end" or part.startswith("else"):
            return nodes, part
        elif part == "range .Messages":
            nodes.append((part, parse(parts)[0]))
        elif part.startswith("if "):
            branches, condition = [], part
            while condition != "end":
                inner, following = parse(parts)
                if not following:
                    raise ValueError(f"without end: {part}")
                branches.append((condition.removeprefix("else ").removeprefix("if "), inner))
                condition = following
            nodes.append(("if", branches))
        else:
            nodes.append((part, None))
    return nodes, ""


def run(nodes: list[Any], scope: dict[str, Any]) -> Iterator[str]:
    """The text of the nodes."""
    for node in nodes:
        if isinstance(node, str):
            yield node
            continue
        action, inner = node
        if action == "range .Messages":
            for message in scope["messages"]:
                yield from run(inner, scope | {"message": message})
        elif action == "if":
            taken = next((branch for condition, branch in inner if holds(condition, scope)), [])
            yield from run(taken, scope)
        elif action == ".System":
            yield system_text(scope)
        elif action in (".Role", ".Content"):
            yield scope["message"][action[1:].lower()]
        elif assigned := re.fullmatch(r"(\$\w+) (:?=) (true|false)", action):
            name, operator, value = assigned.groups()
            assert operator == ":=" or name in scope["variables"], f"{name} is assigned before it is declared"
            scope["variables"][name] = value == "true"
        else:
            raise ValueError(f"not supported: {action}")


def holds(condition: str, scope: dict[str, Any]) -> bool:
    """Whether the condition of an if is true."""
    if condition == "else":
        return True
    if condition == ".System":
        return bool(system_text(scope))
    if equal := re.fullmatch(r'eq \.Role "(\w+)"', condition):
        return bool(scope["message"]["role"] == equal[1])
    if negated := re.fullmatch(r"not (\$\w+)", condition):
        return not scope["variables"][negated[1]]
    raise ValueError(f"not supported: {condition}")


def system_text(scope: dict[str, Any]) -> str:
    """What Ollama gives a template as .System: the system messages, which stand in .Messages too."""
    return "\n\n".join(message["content"] for message in scope["messages"] if message["role"] == "system")
