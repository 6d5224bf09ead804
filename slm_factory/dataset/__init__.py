"""The training set as other tools want it: rows with their origin, four formats, a data card."""
