"""The dashboard's screen: the graph, and beside it what is done, learned, measured, paid and served."""

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

from rich.text import Text
from textual import work
from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Footer, ProgressBar, RichLog, Static, TabbedContent, TabPane
from textual_plotext import PlotextPlot

from slm_factory.core.activity import FOLDER
from slm_factory.dashboard import graph, observe, shown, tables
from slm_factory.dashboard.observe import Observation
from slm_factory.language import N_, _

SECONDS = 1.0  # between two looks at the files
SECONDS_OF_STATES = 15.0  # between two questions to DVC, which cost it a second
WIDE = 120  # columns from which the graph tells states and times in words
KEYS = (  # those of the tabs stand on the tabs
    ("r", "start('run')", N_("run")),
    ("e", "start('tool evolve --yes')", N_("evolve")),
    ("s", "stop", N_("stop")),
    ("v", "leave('tool review')", N_("review")),
    ("q", "quit", N_("quit")),
)
TABS = ("now", "loss", "quality", "cost", "versions")
OUTPUT = FOLDER / "run.txt"  # what a command started here has written


class Dashboard(App[str]):
    """Shows one repository and starts its commands; returns the command to run in its place, if any."""

    CSS_PATH = "dashboard.tcss"
    TITLE = "slm-factory"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012

    def __init__(self, root: Path = Path()) -> None:
        super().__init__()
        for key, action, title in KEYS:
            self.bind(key, action, description=_(title))
        for number, name in enumerate(TABS, 1):
            self.bind(str(number), f"tab('{name}')", show=False)
        self.root = root
        self.graph = graph.read(root)
        self.told: dict[str, str] = {}  # by DVC, of the stages
        self.asked = 0.0  # when it was, seconds since the epoch
        self.seen: Observation | None = None
        self.process: subprocess.Popen[bytes] | None = None  # started here; it outlives the screen
        self.words = ""  # that started it

    def compose(self) -> ComposeResult:
        """The graph, five tabs, and the keys."""
        yield Static(id="head")
        with Horizontal():
            with Vertical(id="side"):
                yield Static(id="stages")
                yield Static(id="machine")
            with TabbedContent(id="tabs"):
                with TabPane(_("1 now"), id="now"), Vertical():
                    yield Static(id="task")
                    yield ProgressBar(id="bar", show_eta=False)
                    yield RichLog(id="log", min_width=0, wrap=True, markup=False, highlight=False)
                    yield Static(id="legend")
                with TabPane(_("2 loss"), id="loss"), Vertical():
                    yield Static(id="learned")
                    yield PlotextPlot(id="curve")
                with TabPane(_("3 quality"), id="quality"), VerticalScroll():
                    yield Static(id="slices")
                    yield Static(id="verdict")
                    yield Static(id="rules")
                with TabPane(_("4 cost"), id="cost"), VerticalScroll():
                    yield Static(id="spent")
                    yield Static(id="ledger")
                with TabPane(_("5 versions"), id="versions"), VerticalScroll():
                    yield Static(id="registry")
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Begins to look."""
        self.look()
        self.set_interval(SECONDS, self.look)
        self.ask_dvc()
        self.set_interval(SECONDS_OF_STATES, self.ask_dvc)

    def on_resize(self) -> None:
        """Tells more or less of the stages."""
        self.show_stages()

    @work(exclusive=True, group="look")
    async def look(self) -> None:
        """Reads the files in a thread, then shows what has changed."""
        seen = await asyncio.to_thread(observe.observe, self.root)
        before, self.seen = self.seen, seen
        self.wait()
        if self.is_running and self.query("#head"):  # else the screen is being closed
            self.show(before)

    @work(exclusive=True, group="dvc")
    async def ask_dvc(self) -> None:
        """Asks which stages are fresh, unless DVC is at work."""
        if self.process or (self.seen and self.seen.running):
            return
        asked = time.time()
        found = await observe.states()
        if found and self.query("#head"):
            self.told, self.asked = found, asked
            self.show_stages()

    @property
    def states(self) -> dict[str, str]:
        """Each stage's state."""
        activities = self.seen.activities if self.seen else {}
        return shown.states_of(self.graph, self.told, self.asked, activities)

    def show(self, before: Observation | None) -> None:
        """Brings the screen up to date; what is long is drawn again only when it has changed."""
        seen = self.seen
        assert seen
        self.query_one("#head", Static).update(shown.head(seen, self.root))
        self.query_one("#machine", Static).update(shown.machine(seen.machine))
        self.show_stages()
        if before is None or before.log != seen.log:
            self.show_log(seen)
        if before is None or before.curves != seen.curves:
            self.show_curves(seen)
        if before is None or (before.slices, before.gate) != (seen.slices, seen.gate):
            self.query_one("#slices", Static).update(tables.slices(seen))
            self.query_one("#verdict", Static).update(tables.verdict(seen))
            self.query_one("#rules", Static).update(tables.rules(seen))
        if before is None or before.teacher != seen.teacher:
            self.query_one("#spent", Static).update(tables.spending(seen))
        self.query_one("#ledger", Static).update(tables.ledger(seen))
        if before is None or before.registry != seen.registry:
            self.query_one("#registry", Static).update(tables.versions(seen))

    def show_stages(self) -> None:
        """The graph with each stage's state, and what is counted just now: a bar, the rate, the time left."""
        seen, states = self.seen, self.states
        if seen is None or not self.query("#stages"):
            return
        drawn = shown.stages(self.graph, states, seen.activities, self.size.width >= WIDE)
        self.query_one("#stages", Static).update(drawn)
        self.query_one("#legend", Static).update(shown.legend(states))
        self.query_one("#task", Static).update(shown.task(seen, states, self.process is not None))
        bar, running = self.query_one("#bar", ProgressBar), seen.running
        bar.display = running is not None
        if running:
            bar.update(total=running.total, progress=running.done)

    def show_log(self, seen: Observation) -> None:
        """The last lines; text is text, never markup."""
        log = self.query_one("#log", RichLog)
        log.clear()
        for line in seen.log:
            log.write(Text(line))

    def show_curves(self, seen: Observation) -> None:
        """Loss and valid loss over steps."""
        self.query_one("#learned", Static).update(shown.curves(seen))
        widget = self.query_one("#curve", PlotextPlot)
        widget.display = any(seen.curves.values())
        widget.plt.clear_data()
        last = 0
        for found, colour in zip(seen.curves.values(), shown.CURVE_COLOURS, strict=True):
            if found:
                steps, values = zip(*found, strict=True)
                widget.plt.plot(list(steps), list(values), marker="braille", color=colour)
                last = max(last, round(steps[-1]))
        widget.plt.xticks(sorted({round(last * part / 4) for part in range(5)}))  # plotext's are no integers
        widget.refresh()

    def action_tab(self, name: str) -> None:
        """Shows a tab."""
        self.query_one("#tabs", TabbedContent).active = name

    def action_leave(self, words: str) -> None:
        """Ends the dashboard for a command that needs the screen; it comes back afterwards."""
        self.exit(words)

    def action_start(self, words: str) -> None:
        """Starts a command whose output goes to a file; it goes on when the dashboard is left."""
        if self.process or (self.seen and self.seen.running):
            self.notify(_("the pipeline is at work already"), severity="warning")
            return
        OUTPUT.parent.mkdir(parents=True, exist_ok=True)
        with OUTPUT.open("wb") as stream:
            self.process = subprocess.Popen(
                observe.command(*words.split()),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,  # Ctrl-C in the dashboard is not for it
            )
        self.words = words
        self.notify(f"slm-factory {words}")
        self.show_stages()

    def wait(self) -> None:
        """Tells how the command that was started here has ended, once it has."""
        code = self.process.poll() if self.process else None
        if code is None:
            return
        self.process = None
        last = shown.last_words(OUTPUT)
        self.notify(
            f"{self.words}: {last}",
            severity="information" if code == 0 else "error",
            timeout=15,
            markup=False,
        )
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
