"""Documents to Markdown: one module per format, each `parse(data, options) -> Parsed`."""
