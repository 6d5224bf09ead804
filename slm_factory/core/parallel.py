"""Work spread over processes with joblib: the cores of this machine, or the nodes of a Ray cluster."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Literal, TypeVar

from joblib import Parallel, delayed, parallel_config
from pydantic import Field

from slm_factory.core.errors import UserError
from slm_factory.core.params import Settings

ITEMS_PER_JOB = 32  # that Ray is given at a time
Item = TypeVar("Item")
Result = TypeVar("Result")


class ParallelSettings(Settings):
    """`parallel:` in params.yaml. How work is done, never what comes out: no stage goes stale by it."""

    jobs: int = Field(ge=1)
    backend: Literal["loky", "ray"]
    # The defaults are what versions had that were made before these keys.
    accelerate: str = ""
    price_per_hour: float = Field(default=0.0, ge=0)


def spread(
    work: Callable[[Item], Result], items: Iterable[Item], settings: ParallelSettings
) -> Iterator[Result]:
    """The results of `work` on each item, in order of completion; few items and results are held at a time.

    With one job everything happens in this process. `work` must be picklable and must not raise.

    Raises:
        UserError: the backend is not installed.
    """
    if settings.backend == "ray":
        register_ray()
    with parallel_config(backend=settings.backend, n_jobs=settings.jobs):
        # A batch of one: the work per item is long and uneven.
        if settings.backend != "ray":
            waiting = (delayed(work)(item) for item in items)
            yield from Parallel(return_as="generator_unordered", batch_size=1)(waiting)
            return
        rest = iter(items)  # Ray's backend returns lists only
        while some := list(islice(rest, ITEMS_PER_JOB * settings.jobs)):
            yield from Parallel(batch_size=1)(delayed(work)(item) for item in some)


def register_ray() -> None:
    """Makes joblib know Ray, which finds its cluster through RAY_ADDRESS, else starts on this machine.

    Raises:
        UserError: Ray is not installed.
    """
    try:
        from ray.util.joblib import register_ray as register
    except ImportError as error:
        raise UserError(
            "error: parallel.backend is ray, which is not installed",
            "hint: pip install -c constraints.txt -e '.[ray]', or set parallel.backend to loky",
        ) from error
    register()
