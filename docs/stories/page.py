"""What a story's page shows: its commands, and whether what they print is what stands below them."""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

BLOCK = re.compile(r"^```console(?P<marks>[^\n]*)\n(?P<text>.*?)^```", re.M | re.S)
PORT = re.compile(r"\b11435\b")  # of `slm-factory serve`
VERSION = re.compile(r"v\d{8}T\d{6}Z")
SPECIAL = re.compile(rf"(?P<any>\.\.\.)|(?P<version>{VERSION.pattern})|(?P<number>\d+\.\d+)|(?P<gap>[ \t]+)"
                     r"|(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d)")  # fmt: skip
TOLERANCE = 0.1  # of numbers with a point, absolute below 1, relative above


@dataclass(frozen=True)
class Step:
    """A command, what is shown below it, its line on the page, and whether a model speaks there."""

    command: str
    shown: str
    line: int
    is_students: bool


def steps(page: str) -> Iterator[Step]:
    """The commands of a page's console blocks, in order."""
    for block in BLOCK.finditer(page):
        first = page.count("\n", 0, block.start("text")) + 1
        is_students = "student" in block["marks"].split()
        command, line = "", 0
        shown: list[str] = []
        for number, text in enumerate(block["text"].splitlines(), first):
            if text.startswith("$ "):
                if command:
                    yield Step(command, "\n".join(shown), line, is_students)
                command, shown, line = text[2:], [], number
            elif text.startswith("> ") and not shown:
                command += "\n" + text[2:]
            else:
                shown.append(text)
        if command:
            yield Step(command, "\n".join(shown), line, is_students)


@dataclass
class Page:
    """What the page's names for versions and its port are in this run, and whether its student is here."""

    port: str
    has_its_student: bool
    versions: dict[str, str] = field(default_factory=dict)

    def here(self, text: str) -> str:
        """A text of the page with the names of this run."""
        named = VERSION.sub(lambda found: self.versions.get(found[0], found[0]), text)
        return PORT.sub(self.port, named)

    def compare(self, shown: str, printed: str) -> bool:
        """Whether `printed` is what the page shows; versions that it tells of are known from then on."""
        names: list[str] = []
        numbers: list[float] = []

        def expression(found: re.Match[str]) -> str:
            match found.lastgroup:
                case "any":
                    return r"[^\n]*?"
                case "gap":
                    return "[ \t]+"
                case "time":
                    return r"\d{4}-\d\d-\d\d \d\d:\d\d"
                case "number":
                    numbers.append(float(found[0]))
                    return rf"(?P<number{len(numbers)}>\d+\.\d+)"
            if found[0] in self.versions:
                return self.versions[found[0]]
            if found[0] in names:
                return f"(?P=version{names.index(found[0])})"
            names.append(found[0])
            return f"(?P<version{len(names) - 1}>{VERSION.pattern})"

        wanted = [
            r"(?:[^\n]*\n)*?" if line == "..." else escaped(line, expression) + "\n"
            for line in lines_of(PORT.sub(self.port, shown))
        ]
        found = re.fullmatch("".join(wanted), "".join(f"{line}\n" for line in lines_of(printed)))
        if found is None:
            return False
        for number, name in enumerate(names):
            self.versions[name] = found[f"version{number}"]
        pairs = [(value, float(found[f"number{place}"])) for place, value in enumerate(numbers, 1)]
        return not self.has_its_student or all(
            math.isclose(*pair, rel_tol=TOLERANCE, abs_tol=TOLERANCE) for pair in pairs
        )


def escaped(line: str, expression: Callable[[re.Match[str]], str]) -> str:
    """A regular expression for a line, with what `expression` gives for its special parts."""
    parts, end = [], 0
    for found in SPECIAL.finditer(line):
        parts += [re.escape(line[end : found.start()]), expression(found)]
        end = found.end()
    return "".join([*parts, re.escape(line[end:])])


def lines_of(text: str) -> list[str]:
    """The lines of a text that hold something, without space at their ends."""
    return [line.rstrip() for line in text.splitlines() if line.strip()]
