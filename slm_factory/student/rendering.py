"""A turn form as text: the Jinja that transformers and llama.cpp read, the Go that Ollama reads."""

import re

from slm_factory.student.templates import ROLE, Turn, TurnForm


def jinja(form: TurnForm) -> str:
    """The form as a Jinja template, for transformers and llama.cpp."""
    begins = f"{{{{ {quoted(form.bos)} }}}}" if form.bos else ""
    asks = f"{{% if add_generation_prompt %}}{{{{ {quoted(turn_start(form))} }}}}{{% endif %}}"
    return (
        f"{begins}{{% for message in messages %}}{jinja_message(form)}{{% endfor %}}"
        f"{asks if form.assistant.opens else ''}"
    )


def jinja_message(form: TurnForm) -> str:
    """One message in Jinja: a single sum where the roles differ by name only."""
    system, user, assistant = form.system, form.user, form.assistant
    if system == user == assistant:
        return f"{{{{ {jinja_turn(user.opens, user.closes)} }}}}"
    answered = jinja_turn(assistant.opens + form.lead, assistant.closes)
    if form.is_system_inside:
        told = jinja_turn(user.opens + system.opens, system.closes)
        is_opened = "not loop.first and messages[loop.index0 - 1]['role'] == 'system'"
        asked = f"('' if {is_opened} else {quoted(user.opens)}) + {jinja_turn('', user.closes)}"
    else:
        told, asked = jinja_turn(system.opens, system.closes), jinja_turn(user.opens, user.closes)
    return (
        f"{{% if message['role'] == 'system' %}}{{{{ {told} }}}}"
        f"{{% elif message['role'] == 'user' %}}{{{{ {asked} }}}}"
        f"{{% else %}}{{{{ {answered} }}}}{{% endif %}}"
    )


def jinja_turn(opens: str, closes: str) -> str:
    """One turn as a sum in Jinja. Line breaks stand apart: so the seed's template stays what it was."""

    def terms(text: str) -> list[str]:
        parts = [part for part in re.split(rf"({re.escape(ROLE)}|\n+)", text) if part]
        return ["message['role']" if part == ROLE else quoted(part) for part in parts]

    return " + ".join([*terms(opens), "message['content']", *terms(closes)])


def quoted(text: str) -> str:
    """`text` as a literal in Jinja."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"


def turn_start(form: TurnForm) -> str:
    """The text with which the assistant's turn begins, where a prompt ends."""
    return form.assistant.opens.replace(ROLE, "assistant")


def go(form: TurnForm) -> str:
    """The form as a Go template, for a Modelfile.

    It only ranges over .Messages: a template that names .System too prints the system prompt twice. The first
    token is left out: the GGUF tells the server to add it.
    """
    system, user, assistant = form.system, form.user, form.assistant
    if system == user == assistant:
        return f"{{{{ range .Messages }}}}{go_turn(user)}{{{{ end }}}}{turn_start(form)}"
    answered = go_turn(Turn(assistant.opens + form.lead, assistant.closes))
    if not form.is_system_inside:
        return go_roles(go_turn(system), go_turn(user), answered) + turn_start(form)
    return (
        "{{ $opened := false }}"
        + go_roles(
            go_turn(Turn(user.opens + system.opens, system.closes)) + "{{ $opened = true }}",
            f"{{{{ if not $opened }}}}{user.opens}{{{{ end }}}}{{{{ .Content }}}}{user.closes}"
            "{{ $opened = false }}",
            answered,
        )
        + turn_start(form)
    )


def go_roles(system: str, user: str, assistant: str) -> str:
    """A loop in Go over the messages, with the text of each role."""
    return (
        f'{{{{ range .Messages }}}}{{{{ if eq .Role "system" }}}}{system}'
        f'{{{{ else if eq .Role "user" }}}}{user}{{{{ else }}}}{assistant}{{{{ end }}}}{{{{ end }}}}'
    )


def go_turn(turn: Turn) -> str:
    """One turn in Go."""
    return f"{turn.opens.replace(ROLE, '{{ .Role }}')}{{{{ .Content }}}}{turn.closes}"
