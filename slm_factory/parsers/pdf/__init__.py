"""PDF: pages to Markdown, from the words and lines drawn on them."""
