"""dvc.yaml tells the truth: deps are what a stage reads, params what it takes, outs its results."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from tests.conftest import REPOSITORY

PIPELINE = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))
STAGES: dict[str, dict[str, Any]] = PIPELINE["stages"]
PARAMS: dict[str, dict[str, Any]] = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
ORDER = [
    *("parse", "chunk", "generate", "validate", "score", "review", "split", "augment"),
    *("dialogue", "convert", "analyze", "train", "evaluate", "gate", "export", "quantize"),
]


def stage_module(name: str) -> ModuleType:
    return importlib.import_module(f"stages.{name}")


def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def imported_modules(file: Path) -> set[str]:
    """Dotted names that a file imports anywhere, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def package_files(names: set[str]) -> set[Path]:
    """Files of slm_factory that stand behind dotted names."""
    files = set()
    for name in names:
        if name.split(".")[0] != "slm_factory":
            continue
        place = REPOSITORY.joinpath(*name.split("."))
        candidates = (place.with_suffix(".py"), place / "__init__.py")
        files.update(candidate for candidate in candidates if candidate.exists())
    return files


def imported_packages(stage: str) -> set[str]:
    """`slm_factory/<package>` of everything that a stage imports, directly or through others."""
    waiting = package_files(imported_modules(REPOSITORY / "stages" / f"{stage}.py"))
    seen: set[Path] = set()
    while waiting:
        file = waiting.pop()
        seen.add(file)
        waiting |= package_files(imported_modules(file)) - seen
    packages = {file.relative_to(REPOSITORY).parts[1] for file in seen}
    return {f"slm_factory/{package}" for package in packages if not package.endswith(".py")}


def paths(entries: list[Any]) -> set[str]:
    """Paths of deps, outs, metrics or plots, with or without options."""
    return {entry if isinstance(entry, str) else next(iter(entry)) for entry in entries}


def written(stage: str) -> set[str]:
    body = STAGES[stage]
    return set().union(*(paths(body.get(kind, [])) for kind in ("outs", "metrics", "plots")))


def constants(stage: str) -> set[str]:
    """Relative paths that are module-level constants of a stage."""
    values = vars(stage_module(stage)).items()
    return {v.as_posix() for k, v in values if k.isupper() and isinstance(v, Path) and k != "PARAMS_FILE"}


def sections(stage: str) -> dict[str, type[BaseModel]]:
    """Sections of params.yaml that a stage loads, and the model of each."""
    module = stage_module(stage)
    found: dict[str, type[BaseModel]] = {}
    for node in ast.walk(tree(REPOSITORY / "stages" / f"{stage}.py")):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "params.load":
            section, model = node.args[:2]
            assert isinstance(section, ast.Constant) and isinstance(model, ast.Name)
            found[str(section.value)] = getattr(module, model.id)
    return found


def covers(place: str, path: str) -> bool:
    return path == place or path.startswith(f"{place}/")


def test_the_pipeline_has_the_sixteen_stages_in_reading_order() -> None:
    assert list(STAGES) == ORDER


@pytest.mark.parametrize("stage", ORDER)
def test_command_is_the_module_of_the_same_name(stage: str) -> None:
    assert STAGES[stage]["cmd"] == f"python -m stages.{stage}"
    assert f"stages/{stage}.py" in STAGES[stage]["deps"]
    assert STAGES[stage]["desc"]


@pytest.mark.parametrize("stage", ORDER)
def test_code_deps_equal_the_packages_that_are_imported(stage: str) -> None:
    declared = {path for path in paths(STAGES[stage]["deps"]) if path.startswith("slm_factory")}
    assert declared == imported_packages(stage)


@pytest.mark.parametrize("stage", ORDER)
def test_path_constants_equal_data_deps_and_outs(stage: str) -> None:
    code = ("slm_factory", "stages")
    declared = {path for path in paths(STAGES[stage]["deps"]) if not path.startswith(code)} | written(stage)
    declared -= {PARAMS["student"]["model"]}  # named by a parameter, not by a constant
    named = constants(stage)
    assert not [path for path in named if not any(covers(place, path) for place in declared)], (
        "not in dvc.yaml"
    )
    assert not [place for place in declared if not any(covers(place, path) for path in named)], (
        "not in script"
    )


@pytest.mark.parametrize("stage", ORDER)
def test_declared_params_equal_the_sections_that_are_loaded(stage: str) -> None:
    """All but `parallel`, which says how work is done and never what comes out."""
    declared = {param.split(".")[0] for param in STAGES[stage]["params"]}
    assert declared == set(sections(stage)) - {"parallel"}


@pytest.mark.parametrize("stage", ORDER)
def test_params_models_have_exactly_the_keys_of_their_section(stage: str) -> None:
    for section, model in sections(stage).items():
        assert set(model.model_fields) == set(PARAMS[section])
        model.model_validate(PARAMS[section])


@pytest.mark.parametrize("stage", ORDER)
def test_stages_never_import_stages(stage: str) -> None:
    assert not [
        name for name in imported_modules(REPOSITORY / "stages" / f"{stage}.py") if name.startswith("stages")
    ]


@pytest.mark.parametrize(
    "stage", [name for name in ORDER if STAGES[name]["deps"].count(PARAMS["student"]["model"])]
)
def test_the_embedded_student_is_a_dep_where_it_is_loaded(stage: str) -> None:
    assert "student" in sections(stage)


def test_every_key_of_params_has_a_comment() -> None:
    lines = (REPOSITORY / "params.yaml").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("  ") and " # " not in line] == []


def test_packages_depend_in_one_direction_only() -> None:
    """core <- engine, grounding, parsers, student, metrics <- teachers <- stages <- CLI."""
    allowed = {
        "core": {"core"},
        "engine": {"core", "engine"},
        "parsers": {"core", "parsers"},
        "report": {"core", "report"},
        "dataset": {"core", "dataset", "student"},
        "teachers": {"core", "engine", "grounding", "teachers"},
        "student": {"core", "student"},
        "metrics": {"core", "metrics"},
        "evaluation": {"core", "engine", "evaluation", "metrics", "student", "teachers"},
        "collect": {"core", "parsers", "collect"},
        "dashboard": {"core", "dashboard", "language", "metrics"},
        "wizard": {"cli", "core", "dashboard", "language", "wizard"},
        "language": {"language"},
        "review": {"core", "grounding", "language", "review"},
        "release": {"core", "engine", "metrics", "release", "student"},
        "training": {"core", "student", "training"},
        "serve": {"core", "engine", "evaluation", "language", "metrics", "release", "serve", "student"},
    }
    for package, may_import in allowed.items():
        for file in sorted((REPOSITORY / "slm_factory" / package).rglob("*.py")):
            for name in imported_modules(file):
                parts = name.split(".")
                if parts[0] == "stages":
                    pytest.fail(f"{file} imports {name}")
                if parts[0] == "slm_factory" and len(parts) > 1 and parts[1] != "__version__":
                    assert parts[1] in may_import, f"{file.relative_to(REPOSITORY)} imports {name}"


EXTRAS = (
    *("torch", "transformers", "peft", "trl", "accelerate", "dvclive", "datasets", "evaluate", "rouge_score"),
    *("sacrebleu", "kiwipiepy", "gguf", "xllamacpp", "textual", "textual_plotext"),
)


@pytest.mark.parametrize("stage", ORDER)
def test_every_stage_can_be_read_in_a_base_install(stage: str) -> None:
    """`check` and the documentation read the settings of all stages, also where no extra is installed."""
    block = "import sys; sys.modules.update(dict.fromkeys(sys.argv[1:]))"
    probe = [sys.executable, "-c", f"{block}; import stages.{stage}", *EXTRAS]
    assert subprocess.run(probe, cwd=REPOSITORY, check=False).returncode == 0
