"""Documents from public services into `data/documents`: one module per service."""
