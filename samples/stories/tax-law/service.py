"""Serves the invented records beside it as the national law API serves real ones, for those without a key.

    python service.py

The first line on stdout is what to set LAW_OPEN_API_URL to. Lists (`lawSearch.do`) and records
(`lawService.do`) have the form described at https://open.law.go.kr; the key is `practice`. Nothing else is
imitated.
"""

from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

KEY = "practice"
RECORDS = Path(__file__).parent / "records"
# Of each target: the root and the line of its list, and the fields of a line, with their names in the record.
LISTS: dict[str, tuple[str, str, dict[str, str]]] = {
    "eflaw": (
        "LawSearch",
        "law",
        {
            "법령명한글": "법령명_한글",
            **{name: name for name in ("법령ID", "법령일련번호", "시행일자")},
        },
    ),
    "prec": (
        "PrecSearch",
        "prec",
        {"판례일련번호": "판례정보일련번호", **{name: name for name in ("사건명", "사건번호", "선고일자")}},
    ),
    "expc": (
        "Expc",
        "expc",
        {name: name for name in ("안건명", "안건번호", "법령해석례일련번호", "해석일자")},
    ),
}
NAMES = {"eflaw": "법령명한글", "prec": "사건명", "expc": "안건명"}  # what a query is looked for in
REFUSAL = "<Response><result>사용자 정보 검증에 실패하였습니다.</result><msg>OC=practice</msg></Response>"
NO_RECORD = "<Law>일치하는 기록이 없습니다.</Law>"


@cache
def records(target: str) -> list[tuple[dict[str, str], str]]:
    """The records of a target: the fields of its line in a list, and the record as XML."""
    fields = LISTS[target][2]
    found = []
    for file in sorted((RECORDS / target).glob("*.xml")):
        text = file.read_text(encoding="utf-8")
        record = ElementTree.fromstring(text)
        found.append(({name: record.findtext(f".//{own}", "") for name, own in fields.items()}, text))
    return found


def listed(asked: dict[str, str]) -> str:
    """A page of the list of records whose name holds the query."""
    root, element, _ = LISTS[asked["target"]]
    name, query = NAMES[asked["target"]], asked["query"]
    found = [line for line, _ in records(asked["target"]) if query == "*" or query in line[name]]
    size, page = int(asked["display"]), int(asked["page"])
    lines = "".join(
        f"<{element}>{''.join(f'<{key}>{escape(value)}</{key}>' for key, value in line.items())}</{element}>"
        for line in found[size * (page - 1) : size * page]
    )
    return f"<{root}><totalCnt>{len(found)}</totalCnt><page>{page}</page>{lines}</{root}>"


def served(asked: dict[str, str]) -> str:
    """The record that is asked for by its number."""
    wanted = asked.get("MST") or asked.get("ID")
    return next((text for line, text in records(asked["target"]) if wanted in line.values()), NO_RECORD)


class Handler(BaseHTTPRequestHandler):
    """Answers one request; errors come under status 200, as from the API."""

    def do_GET(self) -> None:
        """Sends a list, a record or a refusal; 404 for what the service does not have."""
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        answer = {"/DRF/lawSearch.do": listed, "/DRF/lawService.do": served}.get(parts.path)
        if answer is None or asked.get("target") not in LISTS:
            self.send_error(404)
            return
        body = (answer(asked) if asked.get("OC") == KEY else REFUSAL).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Logs nothing: addresses hold the key."""


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        print(f"http://127.0.0.1:{server.server_port}/DRF", flush=True)
        server.serve_forever()
