"""`slm-factory check`: is everything there that `run` needs? Each line is ok, warn or fail, with the fix."""

import importlib
import importlib.util
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from slm_factory.cli import repository
from slm_factory.cli.console import console, working
from slm_factory.cli.finding import Finding
from slm_factory.core.errors import UserError
from slm_factory.language import N_, _
from slm_factory.language.sentences import sentence

if TYPE_CHECKING:
    from slm_factory.core.params import Settings
    from slm_factory.student.settings import StudentSettings

GIGABYTE = 1e9
EXTRAS = {  # a package that tells whether the extra is there, and whether `run` needs it
    "train": ("trl", True),
    "serve": ("xllamacpp", True),
    "tui": ("textual", False),
    "s3": ("dvc_s3", False),
}


def check(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for a script.")] = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="First mend what can be mended: missing files and parameters.")
    ] = False,
) -> None:
    """Check that everything is there that `run` needs.

    Files, parameters, documents, teacher (asked one real question) and what a run would take of it, student,
    packages, cache, device, training's memory and time, and disk; exit code 2 when one fails. --fix makes
    missing folders and files, and fills keys that params.yaml lacks after an upgrade; what it cannot do
    (install, download, free space) it tells, as ever.

    Examples: slm-factory check; slm-factory check --fix; slm-factory check --json
    """
    repository.require_root()
    findings: list[Finding] = []
    fixed = list(mend()) if fix else []
    if not as_json:
        for fault in fixed:
            print(_("fixed: {fault}").format(fault=sentence(fault)))
    for name, examine in CHECKS.items():
        try:
            watched = nullcontext() if examine is check_documents else working(_(name))  # it counts itself
            with watched:
                found = list(examine())
        except UserError as error:
            problem, hint = error.problem.removeprefix("error: "), error.hint.removeprefix("hint: ")
            found = [Finding(name, "fail", problem, hint)]
        findings += found
        if not as_json:
            show(found)
    if as_json:
        print(
            json.dumps(
                {"findings": [asdict(finding) for finding in findings], "fixed": fixed},
                ensure_ascii=False,
                indent=2,
            )
        )
    if any(finding.state == "fail" for finding in findings):
        raise typer.Exit(2)


def mend() -> Iterator[str]:
    """Mends what can be mended; yields each fault that is gone."""
    from slm_factory.cli.repairs import repairs

    for repair in list(repairs()):
        repair.mend()
        yield repair.fault


def show(findings: list[Finding]) -> None:
    """Prints findings as lines; a fix stands under its finding."""
    from rich.cells import set_cell_size
    from rich.text import Text

    screen = console(soft_wrap=True)
    styles = {N_("ok"): "green", N_("warn"): "yellow", N_("fail"): "bold red"}
    for finding in findings:
        state, name = set_cell_size(_(finding.state), 5), set_cell_size(_(finding.name), 11)
        text = sentence(finding.text)
        screen.print(Text.assemble((state, styles[finding.state]), (name, "bold"), text))
        if finding.fix:
            screen.print(Text(f"{'':<16}{sentence(finding.fix)}"))


def check_files() -> Iterator[Finding]:
    """What is missing that `check --fix` can make."""
    from slm_factory.cli.repairs import repairs

    faults = [repair.fault for repair in repairs()]
    for fault in faults:
        yield Finding("files", "fail", fault, f"{repository.program()} check --fix")
    if not faults:
        yield Finding("files", "ok", "none is missing")


def check_params() -> Iterator[Finding]:
    """Every section of params.yaml against the settings that read it."""
    from slm_factory.core import params

    sections = params.read()
    unknown = [section for section in sections if settings_of(section) is None]
    for section in unknown:
        yield Finding(
            "params", "fail", f"params.yaml: nothing reads the section '{section}'", "git diff params.yaml"
        )
    for section in sections:
        if section not in unknown:
            params.load(section, cast("type[Settings]", settings_of(section)))
    if not unknown:
        yield Finding("params", "ok", f"{len(sections)} sections of params.yaml")


def settings_of(section: str) -> "type[Settings] | None":
    """The settings model that reads a section of params.yaml, None when nothing reads it."""
    shared = {
        "parallel": ("slm_factory.core.parallel", "ParallelSettings"),
        "teacher": ("slm_factory.teachers.teacher", "TeacherSettings"),
        "student": ("slm_factory.student.settings", "StudentSettings"),
        "release": ("slm_factory.release.settings", "ReleaseSettings"),
        "gate": ("slm_factory.metrics.slices", "GateSettings"),
    }
    module, name = shared.get(section, (f"stages.{section}", "Params"))
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        return None


def check_documents() -> Iterator[Finding]:
    """How many documents there are of each format, and which cannot be read, by their first look."""
    from slm_factory.core.progress import track
    from slm_factory.parsers.parse_file import FORMATS, tell_format
    from slm_factory.parsers.parsed import Refused
    from stages.parse import DOCUMENTS, find_files

    found, skipped = find_files(DOCUMENTS)
    formats: Counter[str] = Counter()
    for doc_id, path in track(found.items(), _("documents")):
        try:
            formats[tell_format(path.read_bytes(), FORMATS[path.suffix.lower()])] += 1
        except Refused as error:
            skipped[doc_id] = error.reason
        except OSError as error:
            skipped[doc_id] = error.strerror or str(error)
    for doc_id, reason in sorted(skipped.items()):
        yield Finding("documents", "warn", f"{doc_id} will be skipped: {reason}", "mend or remove it")
    if formats:
        listed = ", ".join(f"{count} {name}" for name, count in sorted(formats.items()))
        yield Finding(
            "documents", "ok", f"{formats.total()} of {formats.total() + len(skipped)} readable: {listed}"
        )
    else:
        yield Finding(
            "documents",
            "fail",
            f"{DOCUMENTS} holds no document that can be read",
            f"put some there: {', '.join(FORMATS)}",
        )


def check_teacher() -> Iterator[Finding]:
    """Whether the teacher answers a real question, and what its settings would do to a run."""
    from slm_factory.cli import check_teacher

    yield from check_teacher.findings()


def check_cost() -> Iterator[Finding]:
    """What a run would still ask of the teacher, and pay."""
    from slm_factory.cli import check_cost

    yield from check_cost.findings()


def check_student() -> Iterator[Finding]:
    """Whether the student's weights are here, and the served files can be made of it.

    Raises:
        UserError: a GGUF type cannot be made, or the student not converted: better told before training.
    """
    from slm_factory.core import params
    from slm_factory.student import gguf
    from slm_factory.student.model import folder
    from slm_factory.student.settings import StudentSettings
    from stages.quantize import Params

    gguf.check_types(params.load("quantize", Params).types)  # also of a student that is still on the hub
    student = params.load("student", StudentSettings)
    name = student.model
    if student.trust_remote_code:
        fix = "read its *.py files; false where the student needs none"
        yield Finding("student", "warn", "student.trust_remote_code: the code that comes with it is run", fix)
    if not Path(name).is_dir() and name.count("/") == 1 and not name.startswith(("models/", "./", "/")):
        if not student.revision:
            fix = "set student.revision to a commit of it"
            yield Finding("student", "warn", f"{name} is not pinned, so the hub can change it", fix)
        fix = "the first run fetches it from the hub, if it is not in the hub's local cache"
        yield Finding("student", "warn", f"{name} is no folder here", fix)
        return
    weights = [file.stat().st_size for file in folder(name, student.revision).glob("*.safetensors")]
    if weights:
        yield Finding("student", "ok", f"{name} ({sum(weights) / 1e6:,.0f} MB)")
        if importlib.util.find_spec("transformers"):
            yield check_served_types(student)
    else:
        yield Finding(
            "student", "fail", f"{name} holds no *.safetensors", f"git checkout {name}, or dvc pull"
        )


def check_served_types(student: "StudentSettings") -> Finding:
    """Which GGUF types will be made, and in which turns the student speaks.

    Raises:
        UserError: a type cannot be made, or the student not converted: better told before training.
    """
    from slm_factory.core import params
    from slm_factory.student import gguf, templates
    from slm_factory.student.model import folder, load_tokenizer
    from stages.quantize import Params

    settings = params.load("quantize", Params)
    place, wanted = folder(student.model), student.chat_template
    gguf.check(place, settings.types, chat_template=wanted, checkout=settings.llama_cpp)
    tokenizer = load_tokenizer(place, wanted, trust_remote_code=student.trust_remote_code)
    form = templates.choose(wanted, tokenizer).name
    return Finding("student", "ok", f"speaks {form}; can be written as {', '.join(settings.types)}")


def check_packages() -> Iterator[Finding]:
    """Which extras are installed."""
    for extra, (package, is_needed) in EXTRAS.items():
        if importlib.util.find_spec(package):
            yield Finding("packages", "ok", f"[{extra}]")
        else:
            fix = f'pip install -c constraints.txt -e ".[{extra}]"'
            yield Finding("packages", "fail" if is_needed else "warn", f"[{extra}] is not installed", fix)
    if not shutil.which("git"):
        yield Finding("packages", "fail", "git is not on the PATH", "install git")


def check_cache() -> Iterator[Finding]:
    """Whether answers can be remembered."""
    from slm_factory.core.store import Store, cache_folder

    try:
        folder = cache_folder()
        with Store() as store:
            size = store.file.stat().st_size
    except OSError as error:
        place = error.filename or "the cache folder"
        fix = "export SLM_FACTORY_CACHE=/path/to/a/folder/of/yours"
        yield Finding("cache", "fail", f"{place} cannot be written: {error.strerror}", fix)
        return
    if not os.access(folder, os.W_OK):
        fix = f"chmod u+w {folder}, or export SLM_FACTORY_CACHE=/path/to/a/folder/of/yours"
        yield Finding("cache", "fail", f"{folder} cannot be written", fix)
        return
    yield Finding("cache", "ok", f"{size / 1e6:,.1f} MB of answers in {folder}")


def check_device() -> Iterator[Finding]:
    """What training would run on."""
    if not importlib.util.find_spec("torch"):
        yield Finding(
            "device", "warn", "unknown without torch", 'pip install -c constraints.txt -e ".[train]"'
        )
        return
    import torch

    if torch.cuda.is_available():
        properties = torch.cuda.get_device_properties(0)
        yield Finding("device", "ok", f"{properties.name}, {properties.total_memory / GIGABYTE:.0f} GB")
    elif torch.backends.mps.is_available():
        yield Finding("device", "ok", "Apple GPU")
    else:
        yield Finding(
            "device",
            "ok",
            f"CPU, {os.cpu_count()} cores: enough for models/seed, slow for a billion parameters",
        )


def check_training() -> Iterator[Finding]:
    """Whether training fits this machine, how long it takes and what that costs."""
    from slm_factory.cli import check_training

    yield from check_training.findings()


def check_disk() -> Iterator[Finding]:
    """Whether there is room for outputs and the DVC cache."""
    free = shutil.disk_usage(".").free / GIGABYTE
    state: Literal["ok", "warn", "fail"] = "fail" if free < 1 else "warn" if free < 5 else "ok"
    fix = (
        ""
        if state == "ok"
        else "free some space; dvc gc --workspace --all-tags drops versions that nothing uses"
    )
    yield Finding("disk", state, f"{free:.1f} GB free", fix)


CHECKS: dict[str, Callable[[], Iterator[Finding]]] = {
    N_("files"): check_files,
    N_("params"): check_params,
    N_("documents"): check_documents,
    N_("teacher"): check_teacher,
    N_("cost"): check_cost,
    N_("student"): check_student,
    N_("packages"): check_packages,
    N_("cache"): check_cache,
    N_("device"): check_device,
    N_("training"): check_training,
    N_("disk"): check_disk,
}
