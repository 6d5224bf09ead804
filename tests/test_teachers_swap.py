"""One repository with three teachers, by changing only a profile: rules, a llama.cpp server, Ollama's API."""

import importlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slm_factory.cli import profile
from slm_factory.core import files
from tests import builtin_responder, fake_ollama, tiny_gguf
from tests.conftest import REPOSITORY, set_params

STAGES = (
    *("parse", "chunk", "generate", "validate", "score", "review", "split", "augment", "dialogue"),
    "convert",
)
DOCUMENTS = {
    "감시.md": "# 감시 기준\n\n- 경보 임계값: 80%\n- 담당: 플랫폼팀\n\n3초를 넘으면 당직자에게 알린다.\n",
    "backup.md": "# Backup\n\n- Retention: 30 days\n- Owner: platform team\n",
    "빈_문서.md": "# 제목뿐\n",
}
NOISE = """# A random model: what it writes keeps to the grammar and means nothing.
teacher:
  backend: openai
  model: tiny
  temperature: 1.0
  max_tokens: 2000
  retries: 0
generate:
  max_facts_per_chunk: 2
  question_wordings: 1
  answer_wordings: 1
"""


@pytest.fixture
def repository(workspace: Path) -> Path:
    """A repository with three small documents and every other input of the stages."""
    shutil.copy(REPOSITORY / "dvc.yaml", workspace)
    for folder in ("prompts", "profiles"):
        shutil.copytree(REPOSITORY / folder, workspace / folder)
    (workspace / "data/documents").mkdir(parents=True)
    for name, text in DOCUMENTS.items():
        (workspace / "data/documents" / name).write_text(text, encoding="utf-8")
    for file in (REPOSITORY / "data").glob("*.jsonl"):
        if file.name not in ("convert.jsonl", "review.jsonl", "refine.jsonl"):
            shutil.copy(file, workspace / "data")
    for empty in ("review.jsonl", "refine.jsonl"):
        (workspace / "data" / empty).touch()
    set_params(workspace, **{"parallel.jobs": 1, "augment.share": 1.0})
    return workspace


def run_stages() -> dict[str, dict[str, Any]]:
    """Runs all stages to the training rows; returns the metrics of each."""
    for name in STAGES:
        importlib.import_module(f"stages.{name}").main()
    return {name: json.loads(Path(f"metrics/{name}.json").read_text(encoding="utf-8")) for name in STAGES}


def pairs() -> list[dict[str, Any]]:
    """The generated pairs, but for who wrote them and by which request."""
    rows = files.read_rows(Path("data/generate.parquet"))
    return [{key: row[key] for key in row if key not in ("teacher", "request")} for row in rows]


def has_every_chunk(metrics: dict[str, dict[str, Any]]) -> bool:
    """Whether each chunk ended as rows or as a recorded reason."""
    chunks = {row["chunk_id"] for row in files.read_rows(Path("data/chunk.parquet"))}
    with_rows = {row["chunk_id"] for row in files.read_rows(Path("data/generate.parquet"))}
    without = {row["chunk_id"] for row in metrics["generate"]["chunks_without_facts"]}
    return chunks == with_rows | without


def test_ollamas_api_gives_the_pairs_that_the_rules_give(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_rules = run_stages()
    expected, rows = pairs(), Path("data/convert.jsonl").read_bytes()
    assert expected and has_every_chunk(by_rules)

    def respond(body: fake_ollama.Body, number: int) -> fake_ollama.Answer:
        return fake_ollama.Answer(builtin_responder.respond(body["messages"], body["format"]))

    with fake_ollama.serving(respond, {"qwen3:8b": fake_ollama.Model()}) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        profile.profile("ollama-qwen3-8b")
        by_ollama = run_stages()
    assert pairs() == expected
    assert has_every_chunk(by_ollama)
    assert {row["teacher"] for row in files.read_rows(Path("data/generate.parquet"))} == {"ollama/qwen3:8b"}
    assert Path("data/convert.jsonl").read_bytes() == rows
    for stage in ("generate", "score", "augment", "dialogue"):
        assert by_ollama[stage]["teacher"]["requests"] > 0 and by_ollama[stage]["teacher"]["failed"] == 0


@pytest.fixture
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("xllamacpp")
    pytest.importorskip("gguf")
    model = tmp_path_factory.mktemp("model") / "tiny.gguf"
    tiny_gguf.write(model)
    with tiny_gguf.llama_server(model) as address:
        yield address


def test_noise_from_llama_cpp_is_rejected_with_reasons_and_no_stage_minds(
    repository: Path, monkeypatch: pytest.MonkeyPatch, llama: str
) -> None:
    (repository / "profiles" / "noise.yaml").write_text(NOISE, encoding="utf-8")
    monkeypatch.setenv("OPENAI_BASE_URL", llama)
    profile.profile("noise")
    metrics = run_stages()
    assert has_every_chunk(metrics)
    assert metrics["generate"]["teacher"]["completion_tokens"] > 0
    kept = [row for row in files.read_rows(Path("data/validate.parquet")) if row["is_kept"]]
    assert kept == []
    assert files.read_rows(Path("data/split.parquet")) == []
