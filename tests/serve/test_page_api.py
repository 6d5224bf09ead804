"""Beside the two APIs: passages, feedback, health, metrics, and the files of the page."""

import re
from pathlib import Path

import pytest

from slm_factory.core import files
from slm_factory.core.records import CHUNK
from slm_factory.language import LANGUAGES
from slm_factory.serve.page_api import FOLDER
from slm_factory.serve.server import Limits
from slm_factory.serve.texts import TEXTS
from tests.serve.conftest import Running, Serve

FAMILIES = (
    *("slm_requests", "slm_refused", "slm_abandoned", "slm_prompt_tokens", "slm_answer_tokens", "slm_swaps"),
    *("slm_first_token_seconds", "slm_answer_seconds", "slm_running", "slm_waiting", "slm_model_info"),
)
THUMB = {"rating": "up", "question": "Who owns the queue?", "answer": "The harbor team.", "model": "slm"}


def write_chunks(data: Path, texts: list[str]) -> None:
    rows = [
        {
            "chunk_id": f"{at:016}",
            "doc_id": f"manual-{at}.pdf",
            "index": 0,
            "headings": ["Rules"],
            "text": text,
        }
        | {"start": 0, "end": len(text), "first_page": at + 1, "last_page": at + 2, "language": "en"}
        for at, text in enumerate(texts)
    ]
    files.write_rows(data / "chunk.parquet", rows, CHUNK)


def test_passages_are_those_that_speak_of_question_and_answer(serve: Serve) -> None:
    pytest.importorskip("bm25s")
    with serve() as running:
        question = {"question": "Who owns the queue?", "answer": "The harbor team."}
        assert running.ask("/passages", question).json() == {"passages": []}  # nothing was read yet
        write_chunks(
            running.data, ["The harbor team owns the queue.", "Backups run at two.", "The queue restarts."]
        )
        found = running.ask("/passages", {**question, "count": 2}).json()["passages"]
        assert [(one["doc_id"], one["first_page"], one["last_page"]) for one in found] == [
            ("manual-0.pdf", 1, 2),
            ("manual-2.pdf", 3, 4),
        ]
        write_chunks(running.data, ["Nothing.", "The harbor team owns it."])
        assert running.ask("/passages", question).json()["passages"][0]["doc_id"] == "manual-1.pdf"


def test_feedback_is_a_line_per_answer_in_an_order_of_its_own(serve: Serve) -> None:
    with serve() as running:
        other = {**THUMB, "question": "Which port?", "correction": "Port 5671."}
        ids = [running.ask("/feedback", one).json()["feedback_id"] for one in (THUMB, other)]
        file = running.data / "feedback.jsonl"
        first = file.read_bytes()
        assert [row["feedback_id"] for row in files.read_json_lines(file)] == sorted(ids)
        file.unlink()
        for one in (other, THUMB):
            running.ask("/feedback", one)
        assert file.read_bytes() == first
        assert running.ask("/feedback", {**THUMB, "rating": "down"}).json()["feedback_id"] == ids[0]
        rows = {row["feedback_id"]: row for row in files.read_json_lines(file)}
        assert (len(rows), rows[ids[0]]["rating"]) == (2, "down")
        assert running.ask("/feedback", {**THUMB, "rating": "sideways"}).status_code == 400


def test_metrics_tell_every_family_and_count_what_happened(serve: Serve) -> None:
    with serve(Limits(slots=1)) as running:
        body = {"model": "slm", "prompt": "hello", "stream": False, "options": {"num_predict": 3}}
        running.ask("/api/generate", body)
        text = running.http.get("/metrics").text
    assert [name for name in FAMILIES if f"# TYPE {name}" not in text] == []
    assert 'slm_requests_total{route="/api/generate",status="200"} 1.0' in text
    assert "slm_answer_tokens_total 3.0" in text
    assert "slm_first_token_seconds_count 1.0" in text


def test_health_tells_what_is_served(shared: Running) -> None:
    for route in ("/health", "/health/live", "/health/ready"):
        assert shared.http.get(route).json()["models"] == {"latest": "v20260101T000000Z"}


def test_the_page_names_nothing_outside_and_forbids_it(shared: Running) -> None:
    page = shared.http.get("/", headers={"Accept": "text/html,*/*"})
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    linked = re.findall(r'(?:src|href)="([^"#]+)"', page.text)
    assert {"page/page.css", "page/page.js"} <= set(linked)
    texts = [
        page.text,
        *(shared.http.get(f"/{name}").text for name in linked if not name.startswith("data:")),
    ]
    assert all(
        shared.http.get(f"/{name}").status_code == 200 for name in linked if not name.startswith("data:")
    )
    assert not [address for text in texts for address in re.findall(r"https?://(?!www\.w3\.org)\S+", text)]
    assert shared.http.get("/page/secrets").status_code in (400, 404)


def test_the_page_speaks_every_language_of_the_catalogues(shared: Running) -> None:
    texts = shared.http.get("/page/texts.json").json()
    assert list(texts) == list(LANGUAGES)
    assert texts["ko"]["send"] == "묻기" and texts["en"]["send"] == "Ask"
    for name, text in texts["en"].items():
        assert sorted(re.findall(r"{\w+}", texts["ko"][name])) == sorted(re.findall(r"{\w+}", text)), name


def test_the_page_says_what_is_listed_and_nothing_else() -> None:
    sources = [(FOLDER / name).read_text(encoding="utf-8") for name in ("index.html", "page.js")]
    said = {name for source in sources for name in re.findall(r'(?:data-text="|say\("|tell\(")(\w+)', source)}
    by_value = {"tuned", "base", "up", "down", "page", "pages", "title", "placeholder", "language"}
    assert said | by_value == set(TEXTS)
