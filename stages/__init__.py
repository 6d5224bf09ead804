"""One standalone script per DVC stage, run as `python -m stages.<name>`. Stages never import stages."""

import sys
from types import TracebackType


def end_quietly(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Prints an error that nobody caught, as Python does; nothing when the user stopped the stage."""
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)


if sys.argv[0] == "-m":  # a stage is about to be imported, which takes seconds, and then run
    sys.excepthook = end_quietly
