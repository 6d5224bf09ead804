"""HTML: the main text of a page as Markdown."""
