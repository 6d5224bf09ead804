"""The wizard's steps, in order. Each tells where things stand, asks, and does what a command could do."""

import random
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from slm_factory.core import files, params
from slm_factory.core.errors import UserError
from slm_factory.core.files import Row
from slm_factory.language import N_, _
from slm_factory.wizard.screen import Back, Screen

DOCUMENTS = Path("data/documents")
PARSED = Path("data/parse.parquet")
CHUNKS = Path("data/chunk.parquet")
GENERATED = Path("data/generate.parquet")
SCORED = Path("data/score.parquet")
PROFILES = Path("profiles")
GATE = Path("metrics/gate.json")
PAIRS_SHOWN = 5
DOCUMENTS_SHOWN = 20

# What people change most, with what they give up for it.
OPTIONS = {
    "generate.audiences": N_("who asks: [expert], [plain], or both"),
    "generate.max_chunks": N_("read a sample of so many chunks; 0 reads all"),
    "augment.paraphrases": N_("paraphrases per trained pair"),
    "dialogue.per_document": N_("conversations per document"),
    "train.epochs": N_("at most; early stopping may end sooner"),
    "quantize.types": N_("the last one is served"),
}


class Step(NamedTuple):
    """A step: its name in the notes, its title, what it does."""

    name: str
    title: str
    act: Callable[[Screen], None]


def documents(screen: Screen) -> None:
    """Which documents are there; more are copied from where the user says."""
    while True:
        found = sorted(path for path in DOCUMENTS.rglob("*") if path.is_file() and path.name[0] != ".")
        kinds = Counter(path.suffix.lower().lstrip(".") or _("without suffix") for path in found)
        size = sum(path.stat().st_size for path in found) / 1e6
        told = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        counted = {"folder": DOCUMENTS, "count": len(found), "size": size, "kinds": told or _("none")}
        screen.tell(_("%(folder)s holds %(count)d files (%(size).1f MB): %(kinds)s") % counted)
        place = screen.ask(_("A file or folder to add, `-` to empty the folder, or Enter to go on:"))
        if not place and found:
            return
        if place == "-":
            empty(screen, found)
        elif place:
            add(screen, Path(place).expanduser())


def empty(screen: Screen, found: list[Path]) -> None:
    """Deletes the documents, after a question; git or the user's own copy keeps them."""
    question = _("Delete %(count)d files from %(folder)s? Only what git knows can come back.")
    if screen.agrees(question % {"count": len(found), "folder": DOCUMENTS}, False):
        screen.tell(f"$ rm -r {DOCUMENTS}/*", "cyan")
        for path in found:
            path.unlink()


def add(screen: Screen, place: Path) -> None:
    """Copies a file, or the files of a folder, into the documents; replaces none without a question."""
    if not place.exists():
        screen.tell(_("there is no %s") % place, "yellow")
        return
    sources = sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]
    targets = {
        path: DOCUMENTS / (path.relative_to(place) if place.is_dir() else path.name) for path in sources
    }
    known = [target for target in targets.values() if target.exists()]
    if known and not screen.agrees(_("%d of them are there already. Replace them?") % len(known), False):
        targets = {path: target for path, target in targets.items() if target not in known}
    screen.tell(f"$ cp -r {place}{'/.' if place.is_dir() else ''} {DOCUMENTS}/", "cyan")
    for path, target in targets.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)


def reading(screen: Screen) -> None:
    """Reads the documents and shows what came of each; no teacher is asked."""
    demand(screen.run("run", "--until", "chunk"))
    rows = files.read_rows(PARSED)
    chunks = Counter(row["doc_id"] for row in files.read_rows(CHUNKS))
    shown = [
        [
            row["doc_id"],
            row["language"],
            str(row["pages"] or "-"),
            str(chunks[row["doc_id"]]),
            "; ".join(row["warnings"]),
        ]
        for row in rows[:DOCUMENTS_SHOWN]
    ]
    screen.table([_("document"), _("language"), _("pages"), _("chunks"), _("warnings")], shown)
    if len(rows) > DOCUMENTS_SHOWN:
        rest = {"count": len(rows) - DOCUMENTS_SHOWN, "file": PARSED}
        screen.tell(_("... and %(count)d more in %(file)s") % rest)
    for skipped in files.read_json(Path("metrics/parse.json"))["skipped"]:
        screen.tell(_("not read: %(doc_id)s: %(reason)s") % skipped, "yellow")
    screen.ask(_("Enter goes on, b goes back to the documents:"))


def teacher(screen: Screen) -> None:
    """Which teacher writes the pairs; it is asked one real question."""
    choose_profile(screen, "teacher", lambda values: f"{values['backend']} {values.get('model', '')}")
    demand(screen.run("run", "--until", "chunk"))  # chunks are sized by the teacher's context
    demand(screen.run("tool", "cost"))
    if not screen.agrees(_("Does that fit?")):
        raise Back


def student(screen: Screen) -> None:
    """Which model is trained, and whether this machine can."""
    choose_profile(screen, "student", lambda values: str(values["model"]))
    if not screen.run("check"):
        screen.tell(_("what failed has its fix beneath it; it can be mended later, too"), "yellow")
        if not screen.agrees(_("Go on all the same?"), False):
            raise Back


def choose_profile(screen: Screen, section: str, told: Callable[[dict[str, Any]], str]) -> None:
    """Lists the profiles that set `section`, and applies the chosen one; Enter keeps what is set."""
    from slm_factory.cli.profile import summary

    now = params.read()[section]
    screen.tell(_("now: %s") % told(now))
    found = [
        file
        for file in sorted(PROFILES.glob("*.yaml"))
        if section in (yaml.safe_load(file.read_text(encoding="utf-8")) or {})
    ]
    screen.table(
        ["", _("profile"), ""], [[str(at), file.stem, summary(file)] for at, file in enumerate(found, 1)]
    )
    chosen = screen.choose(_("Number, or Enter to keep what is set:"), len(found))
    if chosen:
        demand(screen.run("profile", found[chosen - 1].stem))


def options(screen: Screen) -> None:
    """What people change most; each as a line of params.yaml."""
    while True:
        values = params.read()
        rows = []
        for at, (key, meaning) in enumerate(OPTIONS.items(), 1):
            section, name = key.split(".")
            rows.append([str(at), key, yaml_text(values[section][name]), _(meaning)])
        screen.table(["", _("key"), _("value"), ""], rows)
        chosen = screen.choose(_("Number of one to change, or Enter to go on:"), len(OPTIONS))
        if not chosen:
            return
        key = list(OPTIONS)[chosen - 1]
        section, name = key.split(".")
        value = yaml.safe_load(screen.ask(f"{key} ="))
        screen.set({section: {name: value}}, Path("the wizard"))


def yaml_text(value: Any) -> str:
    """A value as params.yaml would say it, on one line."""
    return yaml.safe_dump(value, default_flow_style=True, allow_unicode=True).removesuffix("...\n").strip()


def generating(screen: Screen) -> None:
    """Lets the teacher write the pairs, and shows five of them beside their evidence."""
    demand(screen.run("run", "--until", "generate"))
    pairs = files.read_rows(GENERATED)
    if not pairs:
        raise UserError("error: no pair was generated", "hint: metrics/generate.json tells why; b goes back")
    chooser = random.Random()
    while True:
        for pair in chooser.sample(pairs, min(PAIRS_SHOWN, len(pairs))):
            show_pair(screen, pair)
        answer = screen.ask(_("Enter goes on, m shows five more, b goes back to the options:"))
        if answer != "m":
            return


def show_pair(screen: Screen, pair: Row) -> None:
    """A pair beside what it was made from."""
    screen.tell("")
    screen.tell(f"{pair['doc_id']}  {pair['pair_id']}", "dim")
    screen.tell(f"  Q  {pair['question']}")
    screen.tell(f"  A  {pair['answer']}")
    screen.tell(f"  <  {' '.join(pair['evidence'].split())[:200]}", "dim")


def checking(screen: Screen) -> None:
    """Validates and scores, and tells what was rejected for which reason."""
    demand(screen.run("run", "--until", "score"))
    rows = files.read_rows(SCORED)
    kept = sum(row["is_kept"] for row in rows)
    reasons = Counter(
        reason.partition(":")[0] for row in rows if not row["is_kept"] for reason in row["reasons"]
    )
    screen.tell(_("%(kept)d of %(count)d pairs kept") % {"kept": kept, "count": len(rows)})
    if reasons:
        screen.table(
            [_("rejected"), _("why")], [[str(count), reason] for reason, count in reasons.most_common()]
        )
    if not screen.agrees(_("Go on with these?")):
        raise Back


def reviewing(screen: Screen) -> None:
    """Opens the review now, or leaves it for later: decisions are used by the next run."""
    if screen.agrees(_("Review pairs now? It can be done at any time."), False):
        demand(screen.run("tool", "review"))
    else:
        screen.tell("$ slm-factory tool review", "cyan")


def training(screen: Screen) -> None:
    """Trains, with the valid loss as it comes."""
    demand(screen.train("run", "--until", "train"))


def judging(screen: Screen) -> None:
    """Evaluates base and tuned on held-out questions, and lets the gate judge."""
    demand(screen.run("run"))
    if files.read_json(GATE)["verdict"] != "pass":
        screen.tell(
            _("The gate refused. b goes back: more wordings, more epochs, or another student help."), "yellow"
        )
        screen.ask(_("Enter goes on without a new version, b goes back:"))


def serving(screen: Screen) -> None:
    """Registers the version, deploys it, asks it, and gives it to users."""
    if files.read_json(GATE)["verdict"] != "pass":
        return
    if screen.agrees(_("Put this version in service?")):
        require_git(screen)
        demand(screen.run("tool", "evolve", "--yes"))
    else:
        screen.tell("$ slm-factory tool evolve", "cyan")


def require_git(screen: Screen) -> None:
    """Asks who commits, where git does not know."""
    for key, question in (
        ("user.name", _("Your name, for git:")),
        ("user.email", _("Your e-mail, for git:")),
    ):
        known = subprocess.run(["git", "config", key], capture_output=True, check=False).stdout.strip()
        if not known:
            value = screen.ask(question)
            screen.tell(f'$ git config {key} "{value}"', "cyan")
            subprocess.run(["git", "config", key, value], check=True)


def asking(screen: Screen) -> None:
    """The first questions."""
    while True:
        question = screen.ask(_("A question, or Enter to end:"))
        if not question:
            return
        screen.run("ask", "--question", question)


def demand(is_done: bool) -> None:
    """Returns when a command ended well.

    Raises:
        UserError: it did not.
    """
    if not is_done:
        raise UserError("error: that did not work", "hint: its own words stand above")


STEPS = [
    Step("documents", N_("Documents"), documents),
    Step("reading", N_("What is read from them"), reading),
    Step("teacher", N_("Teacher"), teacher),
    Step("student", N_("Student"), student),
    Step("options", N_("Options"), options),
    Step("generating", N_("Question-answer pairs"), generating),
    Step("checking", N_("Checks and marks"), checking),
    Step("reviewing", N_("Review"), reviewing),
    Step("training", N_("Training"), training),
    Step("judging", N_("Evaluation and gate"), judging),
    Step("serving", N_("Service"), serving),
    Step("asking", N_("First questions"), asking),
]


def walk(screen: Screen, start: int, note: Callable[[int], None]) -> None:
    """Goes through the steps from `start`; `note` is told of each one before it begins.

    Raises:
        Leave: the user goes on another time.
    """
    at = start
    while at < len(STEPS):
        note(at)
        screen.title(at + 1, len(STEPS), _(STEPS[at].title))
        at = max(0, at + pace(screen, STEPS[at]))


def pace(screen: Screen, step: Step) -> int:
    """Acts; 1 to go on, 0 to do the step again, -1 to go back."""
    try:
        step.act(screen)
    except Back:
        return -1
    except UserError as error:
        screen.tell(error.problem, "red")
        screen.tell(error.hint)
        return after_failure(screen)
    return 1


def after_failure(screen: Screen) -> int:
    """0 to try the step again, -1 to go back."""
    try:
        screen.ask(_("Enter tries again, b goes back, q leaves:"))
    except Back:
        return -1
    return 0
