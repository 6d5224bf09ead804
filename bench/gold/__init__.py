"""Documents whose text is known: what a careful person would read in them, per format."""
