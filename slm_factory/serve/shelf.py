"""The models that answer, by name; a promoted version takes the old one's place between two requests."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from slm_factory.core.errors import UserError
from slm_factory.language import _
from slm_factory.serve.metrics import Metrics
from slm_factory.serve.model import Model
from slm_factory.serve.refusal import Refusal
from slm_factory.serve.source import Source

BASE = "base"  # the tag of the student before training
LATEST = "latest"

logger = logging.getLogger(__name__)


@dataclass
class Shelf:
    """Models by tag of the one `name`; belongs to the event loop's thread."""

    name: str
    slots: int
    metrics: Metrics
    models: dict[str, Model] = field(default_factory=dict)
    failed: Source | None = None  # was tried and cannot be loaded
    tending: set[asyncio.Task[None]] = field(default_factory=set)

    def tend(self, model: Model) -> None:
        """Keeps the model's worker alive from now on."""
        task = asyncio.get_running_loop().create_task(model.workers.keep())
        self.tending.add(task)
        task.add_done_callback(self.tending.discard)

    def put(self, tag: str, model: Model) -> None:
        """Gives the requests that begin from now on another model; those that run keep theirs."""
        before = self.models.get(tag)
        self.models[tag] = model
        self.metrics.serve(tag, model.source.version, model.digest)
        if before:
            before.retire()

    @property
    def is_ready(self) -> bool:
        """Whether every model has a worker."""
        return all(model.workers.is_ready for model in self.models.values())

    def names(self) -> dict[str, Model]:
        """Every name that can be asked for: each tag, and the version of the latest."""
        named = {f"{self.name}:{tag}": model for tag, model in self.models.items()}
        latest = self.models.get(LATEST)
        if latest and latest.source.version:
            named[f"{self.name}:{latest.source.version}"] = latest
        return named

    def find(self, name: str) -> Model:
        """The model that a client calls `name`, case ignored, `:latest` where no tag is given.

        Raises:
            Refusal: 404, there is none.
        """
        full = name if ":" in name.rpartition("/")[2] else f"{name}:{LATEST}"
        for known, model in self.names().items():
            if known.casefold() == full.casefold():
                return model
        raise Refusal(404, f"model '{name}' not found", code="model_not_found")

    async def follow(self, look: Callable[[], Source | None], seconds: float = 1.0) -> None:
        """Looks for a promoted version every `seconds`, for ever, and serves it once it is loaded."""
        while True:
            await asyncio.sleep(seconds)
            try:
                source = look()
            except (UserError, OSError, AttributeError) as error:  # in the middle of being put there
                logger.warning(_("cannot read what was promoted: {error}").format(error=error))
                continue
            if source and source.file not in (
                self.models[LATEST].source.file,
                self.failed and self.failed.file,
            ):
                await self.swap(source)

    async def swap(self, source: Source) -> None:
        """Loads `source` beside the model that answers and lets it answer; the old one stays if it fails."""
        try:
            model = await asyncio.to_thread(
                Model.load, source, f"{self.name}:{LATEST}", self.slots, self.metrics
            )
        except UserError as error:
            self.failed = source
            self.metrics.swaps.labels("failed").inc()
            untold = _("{version} is not served: {problem}")
            logger.error(untold.format(version=source.version, problem=error.problem))
            return
        self.tend(model)
        self.put(LATEST, model)
        self.metrics.swaps.labels("done").inc()
        logger.info(_("serving {names}").format(names=source.version))
