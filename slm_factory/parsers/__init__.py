"""Parsers: one module per document format, each from bytes on disk to clean Markdown."""
