"""Set-up of a process that reads files of strangers."""

import sys


def limit_memory(megabytes: int) -> None:
    """Lets this process use at most so much address space; beyond it, allocations fail, not the machine.

    Only Linux enforces it.
    """
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20, megabytes * 2**20))
