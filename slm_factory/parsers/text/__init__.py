"""Markdown and plain text, in whatever encoding they were saved."""
