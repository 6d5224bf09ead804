"""DOCX, PPTX and XLSX: what the office formats share, and one module for each."""
