"""`slm-factory` and `python -m slm_factory`: the command line."""

import sys


def main() -> None:
    """Runs the command line; Ctrl-C while its modules are still being read is no traceback either."""
    try:
        from slm_factory.cli.main import app
    except KeyboardInterrupt:
        sys.exit(130)
    app()


if __name__ == "__main__":
    main()
