"""The dashboard's screen: the graph, and beside it what is done, learned, measured, paid and served."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from typing import Any

from rich.text import Text
from textual import work
from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import DataTable, Footer, ProgressBar, RichLog, Static, TabbedContent, TabPane
from textual_plotext import PlotextPlot

from slm_factory.core.activity import FOLDER
from slm_factory.dashboard import observe, shown
from slm_factory.dashboard.observe import Observation
from slm_factory.language import N_, _

SECONDS = 1.0  # between two looks at the files
SECONDS_OF_STATES = 15.0  # between two questions to DVC, which cost it a second
KEYS = (
    ("r", "start('run')", N_("run")),
    ("e", "start('tool evolve --yes')", N_("evolve")),
    ("s", "stop", N_("stop")),
    ("v", "leave('tool review')", N_("review")),
    ("1", "tab('now')", N_("now")),
    ("2", "tab('loss')", N_("loss")),
    ("3", "tab('quality')", N_("quality")),
    ("4", "tab('cost')", N_("cost")),
    ("5", "tab('versions')", N_("versions")),
    ("q", "quit", N_("quit")),
)
OUTPUT = FOLDER / "run.txt"  # what a command started here has written


class Dashboard(App[str]):
    """Shows one repository and starts its commands; returns the command to run in its place, if any."""

    CSS_PATH = "dashboard.tcss"
    TITLE = "slm-factory"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, root: Path = Path()) -> None:
        super().__init__()
        for key, action, title in KEYS:
            self.bind(key, action, description=_(title))
        self.root = root
        self.graph = observe.graph(root)
        self.names = {node.name for node in self.graph}
        self.states: dict[str, str] = {}
        self.seen: Observation | None = None
        self.process: asyncio.subprocess.Process | None = None  # started here

    def compose(self) -> ComposeResult:
        """The graph, five tabs, and the keys."""
        yield Static(id="head")
        with Horizontal():
            yield Static(id="stages")
            with TabbedContent(id="tabs"):
                with TabPane(_("1 now"), id="now"), Vertical():
                    yield Static(id="task")
                    yield ProgressBar(id="bar", show_eta=False)
                    yield RichLog(id="log", min_width=0, wrap=True, markup=False, highlight=False)
                with TabPane(_("2 loss"), id="loss"):
                    yield PlotextPlot(id="curve")
                with TabPane(_("3 quality"), id="quality"), Vertical():
                    yield DataTable(id="slices", cursor_type="none")
                    yield Static(id="gate")
                with TabPane(_("4 cost"), id="cost"):
                    yield DataTable(id="spent", cursor_type="none")
                with TabPane(_("5 versions"), id="versions"):
                    yield DataTable(id="registry", cursor_type="none")
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Begins to look."""
        self.look()
        self.set_interval(SECONDS, self.look)
        self.ask_dvc()
        self.set_interval(SECONDS_OF_STATES, self.ask_dvc)

    @work(exclusive=True, group="look")
    async def look(self) -> None:
        """Reads the files in a thread, then shows what has changed."""
        seen = await asyncio.to_thread(observe.observe, self.root)
        before, self.seen = self.seen, seen
        self.show(before)

    @work(exclusive=True, group="dvc")
    async def ask_dvc(self) -> None:
        """Asks which stages are fresh, unless DVC is at work."""
        if self.seen and self.seen.running:
            return
        found = await observe.states()
        if found:
            self.states = found
            self.show_stages()

    def show(self, before: Observation | None) -> None:
        """Brings the screen up to date; a table is filled again only when it has changed."""
        seen = self.seen
        if seen is None or not self.query("#head"):  # the screen is being closed
            return
        self.query_one("#head", Static).update(shown.head(seen, self.root))
        self.show_stages()
        self.show_task(seen)
        if before is None or before.log != seen.log:
            self.show_log(seen)
        if before is None or before.curves != seen.curves:
            self.show_curves(seen)
        if before is None or (before.slices, before.gate) != (seen.slices, seen.gate):
            self.fill("#slices", *shown.slices(seen))
            self.query_one("#gate", Static).update(shown.verdict(seen))
        if before is None or before.teacher != seen.teacher:
            self.fill("#spent", *shown.spending(seen))
        if before is None or before.registry != seen.registry:
            self.fill("#registry", *shown.versions(seen))

    def show_stages(self) -> None:
        """The graph, with each stage's state."""
        if self.seen and self.query("#stages"):
            self.query_one("#stages", Static).update(
                shown.stages(self.graph, self.states, self.seen.activities)
            )

    def show_task(self, seen: Observation) -> None:
        """What is counted just now: a bar, the rate, the time that is left."""
        bar = self.query_one("#bar", ProgressBar)
        running = seen.running
        bar.display = running is not None
        if running:
            bar.update(total=running.total, progress=running.done)
        self.query_one("#task", Static).update(shown.task(seen, self.names, self.process is not None))

    def show_log(self, seen: Observation) -> None:
        """The last lines; text is text, never markup."""
        log = self.query_one("#log", RichLog)
        log.clear()
        for line in seen.log:
            log.write(Text(line))

    def show_curves(self, seen: Observation) -> None:
        """Loss and valid loss over steps."""
        widget = self.query_one("#curve", PlotextPlot)
        plot = widget.plt
        plot.clear_data()
        for title, found in seen.curves.items():
            if found:
                steps, values = zip(*found, strict=True)
                plot.plot(list(steps), list(values), label=_(title), marker="braille")
        plot.title(_("nats per token by step") if any(seen.curves.values()) else _("no training yet"))
        widget.refresh()

    def fill(self, selector: str, titles: list[str], rows: list[list[Text]]) -> None:
        """Puts rows into a table in place of those that it has."""
        table: DataTable[Any] = self.query_one(selector, DataTable)
        table.clear(columns=True)
        for title in titles:
            table.add_column(title)
        table.add_rows(rows)

    def action_tab(self, name: str) -> None:
        """Shows a tab."""
        self.query_one("#tabs", TabbedContent).active = name

    def action_leave(self, words: str) -> None:
        """Ends the dashboard for a command that needs the screen; it comes back afterwards."""
        self.exit(words)

    @work(group="command")
    async def action_start(self, words: str) -> None:
        """Starts a command, whose output goes to a file, and waits for its end."""
        if self.process or (self.seen and self.seen.running):
            self.notify(_("the pipeline is at work already"), severity="warning")
            return
        OUTPUT.parent.mkdir(parents=True, exist_ok=True)
        with OUTPUT.open("wb") as stream:
            self.process = await asyncio.create_subprocess_exec(
                *observe.command(*words.split()),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,  # Ctrl-C in the dashboard is not for it
            )
        self.notify(f"slm-factory {words}")
        code = await self.process.wait()
        self.process = None
        last = shown.last_words(OUTPUT)
        self.notify(f"{words}: {last}", severity="information" if code == 0 else "error", timeout=15)
        self.ask_dvc()

    def action_stop(self) -> None:
        """Interrupts what was started here, else the stage that runs, as Ctrl-C would."""
        running = self.seen.running if self.seen else None
        with contextlib.suppress(ProcessLookupError):
            if self.process:
                os.killpg(self.process.pid, signal.SIGINT)
            elif running:
                os.kill(running.pid, signal.SIGINT)
            else:
                self.notify(_("nothing runs"))
