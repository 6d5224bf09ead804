"""Records and sheets: JSON, JSONL, Parquet and CSV."""
