"""data/refine.jsonl: facts to be taught in more wordings, because a student still gets them wrong.

`slm-factory tool refine` writes it, git keeps it, the stage augment reads it. A line says which fact, and how
many wordings beside those that it has in any case: {"fact_id": "...", "wordings": 4}.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from slm_factory.core import files, params


class Refinement(BaseModel):
    """More wordings of one fact."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fact_id: str = Field(min_length=1)
    wordings: int = Field(ge=1)


def read(path: Path) -> dict[str, int]:
    """The additional wordings of each fact; the last line on a fact counts.

    Raises:
        UserError: the file is missing, or a line is no refinement; it is named.
    """
    return {line.fact_id: line.wordings for line in params.load_lines(path, Refinement)}


def write(path: Path, wordings: dict[str, int]) -> None:
    """Writes a line per fact, sorted: the same facts give the same bytes."""
    files.write_json_lines(
        path, [{"fact_id": fact_id, "wordings": wordings[fact_id]} for fact_id in sorted(wordings)]
    )
