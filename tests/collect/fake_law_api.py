"""A server that follows the national law API, with invented records, and misbehaves when told to."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

KEY = "secret-key-of-a-test"
BAD_KEY = (
    "<Response><result>사용자 정보 검증에 실패하였습니다.</result>"
    "<msg>OPEN API 호출 시 사용자 검증을 위하여 정확한 서버장비의 IP주소를 등록해 주세요.</msg></Response>"
)
NOT_GRANTED = "<!DOCTYPE html><html><body><h2>미신청된 목록/본문에 대한 접근입니다.</h2></body></html>"
NO_RECORD = "<Law>일치하는 판례가 없습니다.  판례명을 확인하여 주십시오.</Law>"


@dataclass
class Statute:
    """An invented statute as it stands in the list and is served."""

    id: str
    name: str = "가상세법"
    serial: str = "100"
    date: str = "20240101"
    state: str = "현행"
    text: str = "이 법은 세금을 정한다."

    def line(self) -> str:
        return (
            f'<law id="1"><법령일련번호>{self.serial}</법령일련번호><현행연혁코드>{self.state}</현행연혁코드>'
            f"<법령명한글><![CDATA[{self.name}]]></법령명한글><법령ID>{self.id}</법령ID>"
            f"<시행일자>{self.date}</시행일자><법령상세링크>/DRF/lawService.do?OC={KEY}</법령상세링크></law>"
        )

    def record(self) -> str:
        text = f"제1조(목적) {self.text} /DRF/lawService.do?OC={KEY}&amp;ID=1"
        return (
            f"<법령><기본정보><법령ID>{self.id}</법령ID><법령명_한글>{self.name}</법령명_한글>"
            f"<시행일자>{self.date}</시행일자></기본정보><조문><조문단위><조문번호>1</조문번호>"
            f"<조문여부>조문</조문여부><조문내용>{text}</조문내용></조문단위></조문></법령>"
        )


@dataclass
class Ruling:
    """An invented ruling."""

    id: str
    number: str = "2023구합12345"
    date: str = "2023.12.01"

    def line(self) -> str:
        return (
            f'<prec id="1"><판례일련번호>{self.id}</판례일련번호><사건명><![CDATA[가상처분취소]]></사건명>'
            f"<사건번호>{self.number}</사건번호><선고일자>{self.date}</선고일자><법원명>가상법원</법원명></prec>"
        )

    def record(self) -> str:
        return (
            f"<PrecService><판례정보일련번호>{self.id}</판례정보일련번호><사건명>가상처분취소</사건명>"
            f"<사건번호>{self.number}</사건번호><선고일자>20231201</선고일자><법원명>가상법원</법원명>"
            f"<판례내용>【주    문】<br/>처분을 취소한다.</판례내용></PrecService>"
        )


@dataclass
class Answer:
    """What the server sends in place of its own answer; `cut` sends only so many bytes of it, `hold` none."""

    body: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    hold: bool = False  # until the server stops


Disturb = Callable[[dict[str, str], int], Answer | None]


@dataclass
class FakeLawApi:
    """The running server: its address, its records, and the parameters of every request it got."""

    url: str = ""
    statutes: list[Statute] = field(default_factory=list)
    rulings: list[Ruling] = field(default_factory=list)
    requests: list[dict[str, str]] = field(default_factory=list)
    disturb: Disturb = lambda asked, number: None  # request, its number -> another answer

    def served(self) -> list[dict[str, str]]:
        """The requests for records."""
        return [asked for asked in self.requests if asked["page name"] == "lawService.do"]

    def answer(self, asked: dict[str, str]) -> str:
        """The answer of the API to a request."""
        if asked.get("OC") != KEY:
            return BAD_KEY
        records: list[Statute | Ruling] = [*(self.statutes if asked["target"] == "eflaw" else self.rulings)]
        if asked["page name"] == "lawSearch.do":
            return self.list(asked, [record for record in records if asked["query"] in ("*", *names(record))])
        wanted = asked.get("MST") or asked.get("ID")
        found = [record for record in records if wanted in (getattr(record, "serial", None), record.id)]
        return found[0].record() if found else NO_RECORD

    def list(self, asked: dict[str, str], found: list[Statute | Ruling]) -> str:
        """A page of a list."""
        size, page = int(asked["display"]), int(asked["page"])
        lines = "".join(record.line() for record in found[size * (page - 1) : size * page])
        root = {"eflaw": "LawSearch", "prec": "PrecSearch"}[asked["target"]]
        return (
            f"<{root}><target>x</target><totalCnt>{len(found)}</totalCnt><page>{page}</page>{lines}</{root}>"
        )


def names(record: Statute | Ruling) -> tuple[str, ...]:
    """The words by which a record is found."""
    return (record.name,) if isinstance(record, Statute) else (record.number, "가상처분취소")


@contextmanager
def serving(api: FakeLawApi) -> Iterator[FakeLawApi]:
    """Serves on a free local port."""
    lock, stopped = threading.Lock(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            asked["page name"] = parts.path.rpartition("/")[2]
            with lock:
                api.requests.append(asked)
                number = len(api.requests) - 1
            answer = api.disturb(asked, number) or Answer(api.answer(asked))
            if answer.hold:
                stopped.wait(10)
                return
            body = answer.body.encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: answer.cut])

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_port}/DRF"
    try:
        yield api
    finally:
        stopped.set()
        server.shutdown()
        server.server_close()
