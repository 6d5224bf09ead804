"""A hook of MkDocs: a page's Markdown, written for GitHub, as the site's reader of Markdown takes it."""

import re
from typing import Any

# The link to the page's other language, behind its first sentences: the site has a switch for that.
OTHER_LANGUAGE = re.compile(r" ?\[(?:한국어|English)\]\([\w.-]+\.md\)(?:\s·\s)?")
# Words behind the language of a code block, which tests read and GitHub passes over.
MORE_WORDS = re.compile(r"^( *```\w+) [\w ]+$", re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page without its first link to its other language, and with plain code blocks."""
    return MORE_WORDS.sub(r"\1", OTHER_LANGUAGE.sub(" ", markdown, count=1))
