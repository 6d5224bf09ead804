"""DrawingML that Word and PowerPoint share: charts as tables, diagrams as lists, descriptions of pictures."""

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from slm_factory.parsers.markdown import list_item, one_line

CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
MAX_POINTS = 2000  # of a series; hostile files number them by the billion
# Descriptions that programs write: file names, "screenshot, description automatically generated", ...
UNWRITTEN = re.compile(
    r"\S*\.(?:png|jpe?g|gif|bmp|emf|wmf|tiff?|svg)\b|\w:\\|https?://|원본 그림의 이름|automatically generated"
    r"|AI-generated|자동 생성된 설명|AI 생성|AI가 생성|생성된 콘텐츠",
    re.IGNORECASE,
)


def description(text: str | None) -> str:
    """A picture with the description that its author wrote, as Markdown; "" if no person wrote one.

    One word names a picture at best (`그림 3`, `logo`), so it takes two; a program's words do not count.
    """
    words = one_line(text or "")
    if UNWRITTEN.search(words) or not re.search(r"[^\W\d_]{2,} +\S*[^\W\d_]{2,}", words):
        return ""
    return f"![{words.translate({ord('['): '(', ord(']'): ')'})}]()"


def chart_title(root: etree._Element) -> str:
    """The title of a chart, "" if it has none of its own."""
    title = root.find(f"{CHART}chart/{CHART}title")
    return "" if title is None else one_line("".join(item.text or "" for item in title.iter(f"{DRAWING}t")))


def chart_grid(root: etree._Element) -> list[list[str]]:
    """The data of a chart (ECMA-376 Part 1, section 21.2): categories in rows, series in columns."""
    categories: dict[int, str] = {}
    columns: list[tuple[str, dict[int, str]]] = []
    for number, series in enumerate(root.iter(f"{CHART}ser"), start=1):
        for name in ("cat", "xVal"):
            for index, text in points(series.find(f"{CHART}{name}")).items():
                categories.setdefault(index, text)
        values = series.find(f"{CHART}val")
        values = series.find(f"{CHART}yVal") if values is None else values
        names = points(series.find(f"{CHART}tx")).values()
        columns.append((" ".join(names) or str(number), points(values)))
    indexes = sorted({index for _, values in columns for index in values} | set(categories))
    if not indexes:
        return []
    head = ["", *(name for name, _ in columns)]
    return [head] + [
        [categories.get(index, str(index + 1)), *(values.get(index, "") for _, values in columns)]
        for index in indexes
    ]


def points(element: Any) -> dict[int, str]:
    """The cached values below an element by their index; names on several levels are put together."""
    if element is None:
        return {}
    levels = [read_points(level) for level in element.iter(f"{CHART}lvl")]  # innermost first
    if not levels:
        values = enumerate(item.text or "" for item in element.iter(f"{CHART}v"))
        return read_points(element) or {index: tidy(text) for index, text in values}
    found = {}
    for index, name in levels[0].items():
        # An outer level names the first of the categories that it spans.
        outer = (
            level[max(past)] for level in levels[:0:-1] if (past := [key for key in level if key <= index])
        )
        found[index] = " ".join([*outer, name])
    return found


def read_points(element: etree._Element) -> dict[int, str]:
    """The `c:pt` below an element by their index."""
    return {
        int(index): tidy(point.findtext(f"{CHART}v") or "")
        for point in element.iter(f"{CHART}pt")
        if (index := point.get("idx") or "").isascii() and index.isdigit() and int(index) < MAX_POINTS
    }


def tidy(text: str) -> str:
    """A cached value; of a binary fraction the digits that a person typed: 4.2999999999999998 is 4.3."""
    if re.fullmatch(r"-?\d+\.\d{10,}(?:E-?\d+)?", text):
        return f"{float(text):.12g}"
    return one_line(text)


def diagram_items(root: etree._Element) -> Iterator[str]:
    """The texts of a diagram (SmartArt, section 21.4) as list items in the tree of its connections."""
    texts: dict[str, str] = {}
    for point in root.iter(f"{DIAGRAM}pt"):
        if point.get("type", "node") in ("node", "asst", "doc"):
            paragraphs = (
                "".join(item.text or "" for item in paragraph.iter(f"{DRAWING}t"))
                for paragraph in point.iter(f"{DRAWING}p")
            )
            texts[point.get("modelId") or ""] = one_line(" ".join(paragraphs))
    children: dict[str, list[tuple[int, str]]] = {}
    for link in root.iter(f"{DIAGRAM}cxn"):
        if link.get("type", "parOf") == "parOf" and link.get("destId") in texts:
            order = link.get("srcOrd") or ""
            place = int(order) if order.isdigit() else 0
            children.setdefault(link.get("srcId") or "", []).append((place, link.get("destId") or ""))
    told = {identifier for links in children.values() for _, identifier in links}
    waiting = [(0, identifier) for identifier in reversed(list(texts)) if identifier not in told]
    seen: set[str] = set()
    while waiting:
        depth, identifier = waiting.pop()
        if identifier in seen:
            continue
        seen.add(identifier)
        if texts.get(identifier):
            yield list_item(min(depth, 8), "-", texts[identifier])
            depth += 1
        waiting += [(depth, child) for _, child in sorted(children.get(identifier, []), reverse=True)]
