"""`python -m slm_factory`: the slm-factory command, where its script is not on the PATH."""

from slm_factory.cli.main import app

if __name__ == "__main__":
    app()
