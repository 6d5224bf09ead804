"""Puts the template of `slm-factory init` into wheel and sdist; everything else is in pyproject.toml."""

import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))  # builds are isolated: the current folder is not on the path
from slm_factory.cli import template  # noqa: E402


class BuildWithTemplate(build_py):
    """Builds the packages, and copies what a new project needs besides into slm_factory/template."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:  # `init` copies from the clone itself
            return
        for path in template.files(ROOT):
            template.place(ROOT / path, Path(self.build_lib) / "slm_factory" / template.PACKED.name / path)

    def get_source_files(self) -> list[str]:
        """What an sdist holds."""
        return [*super().get_source_files(), *(path.as_posix() for path in template.files(ROOT))]


setup(cmdclass={"build_py": BuildWithTemplate})
