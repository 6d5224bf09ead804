"""slm-factory: domain documents in, a gated and quantised small language model out."""

__version__ = "0.1.0"
