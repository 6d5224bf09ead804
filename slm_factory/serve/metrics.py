"""Counters and clocks of the server, as Prometheus reads them."""

from typing import TYPE_CHECKING, Any

from slm_factory.core.errors import missing_extra

if TYPE_CHECKING:
    from slm_factory.serve.admission import Admission

FIRST_TOKEN_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
ANSWER_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Metrics:
    """The metrics of one server, in a registry of their own.

    Raises:
        UserError: prometheus-client is not installed.
    """

    def __init__(self) -> None:
        try:
            from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
        except ImportError as error:
            raise missing_extra("prometheus-client", "serve") from error
        self.registry = CollectorRegistry()
        named: dict[str, Any] = {"namespace": "slm", "registry": self.registry}
        self.requests = Counter("requests", "Requests by route and status.", ["route", "status"], **named)
        self.refused = Counter("refused", "Requests refused before they began.", ["reason"], **named)
        self.abandoned = Counter("abandoned", "Requests whose client left.", **named)
        self.prompt_tokens = Counter("prompt_tokens", "Tokens of prompts.", **named)
        self.answer_tokens = Counter("answer_tokens", "Tokens of answers.", **named)
        self.first_token = Histogram(
            "first_token_seconds",
            "From the request to its first token, waiting included.",
            buckets=FIRST_TOKEN_SECONDS,
            **named,
        )
        self.answers = Histogram(
            "answer_seconds", "From the request to its last token.", buckets=ANSWER_SECONDS, **named
        )
        self.swaps = Counter("swaps", "Promotions that were followed.", ["result"], **named)
        self.restarts = Counter("worker_restarts", "Workers started because one died.", ["model"], **named)
        self.repeated = Counter("repeated", "Requests asked again of a new worker.", **named)
        self.running = Gauge("running", "Requests that are answered now.", **named)
        self.waiting = Gauge("waiting", "Requests in the queue.", **named)
        self.model = Gauge("model_info", "What is served: 1.", ["tag", "version", "digest"], **named)
        self.served: dict[str, tuple[str, str, str]] = {}

    def watch(self, admission: "Admission") -> None:
        """Reads the gauges of the queue from `admission` at every scrape."""
        self.running.set_function(lambda: admission.running)
        self.waiting.set_function(lambda: admission.waiting)

    def serve(self, tag: str, version: str, digest: str) -> None:
        """Notes which model answers to a tag."""
        if tag in self.served:
            self.model.remove(*self.served[tag])
        self.served[tag] = (tag, version, digest)
        self.model.labels(*self.served[tag]).set(1)

    def text(self) -> bytes:
        """All of them, in Prometheus' text format."""
        from prometheus_client import generate_latest

        return generate_latest(self.registry)
