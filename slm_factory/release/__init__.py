"""Versions of the student: what was made, what is in service, and where it is served."""
