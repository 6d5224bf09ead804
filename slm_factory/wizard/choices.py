"""The wizard's steps in which something is chosen: teacher, student, options."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from slm_factory.core import params
from slm_factory.core.errors import UserError
from slm_factory.dashboard.shown import duration
from slm_factory.language import N_, _
from slm_factory.wizard.screen import Back, Screen

if TYPE_CHECKING:
    from slm_factory.cli.needs import Need

PROFILES = Path("profiles")
COME_WITH_IT = ("builtin", "seed")  # what params.yaml comes with stands first

# What people change most, with what they give up for it.
OPTIONS = {
    "generate.audiences": N_("who asks: [expert], [plain], or both"),
    "generate.max_chunks": N_("read a sample of so many chunks; 0 reads all"),
    "augment.paraphrases": N_("paraphrases per trained pair"),
    "dialogue.per_document": N_("conversations per document"),
    "train.epochs": N_("at most; early stopping may end sooner"),
    "quantize.types": N_("the last one is served"),
}


def teacher(screen: Screen) -> None:
    """Which teacher writes the pairs; it is asked one real question."""
    from slm_factory.cli import needs

    now = params.read()["teacher"]
    choose_profile(screen, "teacher", f"{now['backend']} {now['model']}", needs.teacher)
    screen.demand("run", "--until", "chunk")  # chunks are sized by the teacher's context
    screen.demand("tool", "cost")
    if not screen.agrees(_("Does that fit?")):
        raise Back


def student(screen: Screen) -> None:
    """Which model is trained, and whether this machine can."""
    from slm_factory.cli import needs

    choose_profile(screen, "student", str(params.read()["student"]["model"]), needs.student)
    if not screen.run("check"):
        screen.tell(_("what failed has its fix beneath it; it can be mended later, too"), "yellow")
        if not screen.agrees(_("Go on all the same?"), False):
            raise Back


def choose_profile(screen: Screen, section: str, now: str, need: "Callable[[Path], Need]") -> None:
    """Lists the profiles that name a model for `section` with what each needs, and applies the chosen one."""
    screen.tell(_("now: %s") % now)
    screen.tell(_("Looking at this machine and the documents ..."), "dim")
    files = sorted(PROFILES.glob("*.yaml"), key=lambda file: (file.stem not in COME_WITH_IT, file.stem))
    found = [file for file in files if "model" in (params.read(file).get(section) or {})]
    titles = ["", _("profile"), _("memory"), _("time"), _("money"), ""]
    screen.table(
        titles, [[str(at), *cells(need(file))] for at, file in enumerate(found, 1)], right=(0, 2, 3, 4)
    )
    screen.tell(_("Estimated from these documents and this machine; ? is not known yet."), "dim")
    chosen = screen.choose(_("Number, or Enter to keep what is set:"), len(found))
    if chosen:
        screen.demand("profile", found[chosen - 1].stem)


def cells(need: "Need") -> list[str]:
    """A profile with what it needs, as a row."""
    memory = "-" if need.memory is None else f"{need.memory / 1e9:.1f} GB"
    money = "-" if need.money is None else between(need.money, lambda value: f"{value:.2f}" if value else "0")
    return [need.profile, memory, between(need.seconds, duration), money, ", ".join(need.notes)]


def between(values: tuple[float, float] | None, shown: Callable[[float], str]) -> str:
    """A range by `shown`, one text where both ends read the same, `?` where it is unknown."""
    if values is None:
        return "?"
    low, high = map(shown, values)
    return low if low == high else f"{low}-{high}"


def options(screen: Screen) -> None:
    """What people change most; each as a line of params.yaml."""
    while True:
        values = params.read()
        rows = []
        for at, (key, meaning) in enumerate(OPTIONS.items(), 1):
            section, name = key.split(".")
            rows.append([str(at), key, yaml_text(values[section][name]), _(meaning)])
        screen.table(["", _("key"), _("value"), ""], rows, right=(0,))
        chosen = screen.choose(_("Number of one to change, or Enter to go on:"), len(OPTIONS))
        if not chosen:
            return
        section, name = list(OPTIONS)[chosen - 1].split(".")
        change(screen, section, name, screen.ask(f"{section}.{name} ="), values[section][name])


def change(screen: Screen, section: str, name: str, answer: str, before: Any) -> None:
    """Writes one parameter; what its stage would refuse is told, and taken back."""
    from slm_factory.cli.check import settings_of
    from slm_factory.cli.profile import assign

    source = Path("the wizard")
    try:
        value = yaml.safe_load(answer)
    except yaml.YAMLError:
        screen.tell(_("%s is not valid YAML") % answer, "yellow")
        return
    if value is None:  # an empty answer changes nothing
        return
    assign({section: {name: value}}, source)
    model = settings_of(section)
    try:
        assert model
        params.load(section, model)
    except UserError as error:
        assign({section: {name: before}}, source)
        screen.tell(error.problem, "yellow")
    else:
        screen.tell(f"params.yaml: {section}.{name}: {yaml_text(before)} -> {yaml_text(value)}", "cyan")


def yaml_text(value: Any) -> str:
    """A value as params.yaml would say it, on one line."""
    return yaml.safe_dump(value, default_flow_style=True, allow_unicode=True).removesuffix("...\n").strip()
