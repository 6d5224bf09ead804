"""A hook of MkDocs: takes a page's link to its other language out; the site has a switch for that."""

import re
from typing import Any

# As a page on GitHub says it behind its first sentence.
LINK = re.compile(r" ?\[(?:한국어|English)\]\([\w.-]+\.md\)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page without its first such link."""
    return LINK.sub("", markdown, count=1)
