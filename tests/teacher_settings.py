"""The `teacher` section of params.yaml with some keys changed."""

from typing import Any

from slm_factory.core import params
from slm_factory.teachers.teacher import TeacherSettings
from tests.conftest import REPOSITORY


def teacher_settings(**changes: Any) -> TeacherSettings:
    """The repository's own settings but for `changes`."""
    return TeacherSettings.model_validate(params.read(REPOSITORY / "params.yaml")["teacher"] | changes)
