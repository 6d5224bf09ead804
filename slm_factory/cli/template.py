"""What a new project consists of: code, pipeline, prompts, profiles and seed student, without our own tests.

In a clone, and in a project that was made from one, these are the files of that repository. A wheel carries
those that lie outside the packages in slm_factory/template, where setup.py puts them.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import slm_factory
from slm_factory.core.errors import UserError

PACKAGES = ("slm_factory", "stages")
FILES = (
    *(".dvcignore", ".gitignore", "LICENSE", "Makefile", "THIRD_PARTY.md", "constraints.txt", "dvc.yaml"),
    *("params.yaml", "pyproject.toml", ".github/workflows/report.yml"),
    *("data/.gitignore", "data/answers/.gitignore", "models/.gitignore"),
    *("data/abstain.jsonl", "data/general.jsonl", "data/text.jsonl"),
)
FOLDERS = ("models/seed", "profiles", "prompts")
DOCUMENTS = Path("data/documents")
# By name: a project's own documents, which lie in the same folder, never get into another project.
SAMPLES = (
    "runbooks/certificate_renewal.txt",
    "runbooks/queue_backlog.md",
    "감시/감시_임계값.html",
    "개요/시스템_현황.docx",
    "보고서/푸른다리_연동_장애.hwpx",
    "보안/보안_사고_대응.html",
    "연락/비상_연락망.hwpx",
    "연락/장애_소통_규칙.txt",
    "절차/나루결제_예비_전환.docx",
    "절차/데이터베이스_복구.pdf",
    "절차/장애_등급_기준.pdf",
    "정책/백업_정책.md",
)
CODE = Path(slm_factory.__file__).parent.parent
PACKED = Path(slm_factory.__file__).parent / "template"
LEFT_OUT = ("__pycache__", "*.pyc", ".*.partial", ".DS_Store")


def origin() -> Path:
    """The folder that holds what lies outside the packages: slm_factory/template of a wheel, else the clone.

    Raises:
        UserError: this slm-factory was installed without it.
    """
    found = PACKED if PACKED.is_dir() else CODE
    if not (found / "dvc.yaml").is_file():
        raise UserError(
            f"error: the slm-factory in {CODE} was installed without its template",
            "hint: install it from a wheel of slm-factory, or call the slm-factory of a clone",
        )
    return found


def files(root: Path) -> Iterator[Path]:
    """Paths, relative to `root`, of what a wheel has to carry beside the packages.

    Raises:
        FileNotFoundError: one is missing.
    """
    for name in (*FILES, *(f"{DOCUMENTS}/{sample}" for sample in SAMPLES)):
        (root / name).stat()
        yield Path(name)
    for folder in FOLDERS:
        found = [path.relative_to(root) for path in sorted((root / folder).rglob("*")) if path.is_file()]
        yield from (path for path in found if not any(map(path.match, LEFT_OUT)))


def copy(into: Path, *, with_samples: bool) -> None:
    """Writes the files of a new project into the folder `into`; data/documents holds nothing, or the samples.

    Raises:
        UserError: this installation has no template, or no samples.
    """
    root = origin()
    for name in FILES:
        place(root / name, into / name)
    for folder in FOLDERS:
        shutil.copytree(root / folder, into / folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
    for package in PACKAGES:
        ignored = shutil.ignore_patterns(*LEFT_OUT, PACKED.name)
        shutil.copytree(CODE / package, into / package, ignore=ignored)
    (into / DOCUMENTS).mkdir()
    if with_samples:
        if not all((root / DOCUMENTS / name).is_file() for name in SAMPLES):
            raise UserError(
                f"error: {root / DOCUMENTS} does not hold all sample documents",
                "hint: init without --samples, or with the slm-factory of another clone or wheel",
            )
        for name in SAMPLES:
            place(root / DOCUMENTS / name, into / DOCUMENTS / name)


def place(source: Path, target: Path) -> None:
    """Copies a file, making the folders above it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
