"""HWPX and HWP 5: two packages of one document model, OWPML."""
