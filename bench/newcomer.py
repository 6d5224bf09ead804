"""Follows a README from an empty folder to an answer about an own document, and counts the commands.

    python bench/newcomer.py [--readme README.ko.md] [--environment .venv]

The commands are those of the README's first code block that begins with a clone and ends with a question;
commands joined by && count each. Only what a reader has to fill in is filled in: the address of the
repository, the folder of documents, the question. They run in one shell, in an empty folder, with an empty
answer store. --environment lends the clone an environment that is installed already. Exits 1 when there are
more than 5 commands, one fails, or the answer lacks what the document says.
"""

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
LIMIT = 5  # commands
# More facts than gate.min_questions: of fewer questions the gate cannot tell whether a model is better.
QUESTION, EXPECTED = "가람창고의 출고 마감 시각은 언제인가요?", "17시 40분"
DOCUMENT = """# 가람창고 운영 규칙

- 출고 마감 시각: 17시 40분
- 입고 접수 시작 시각: 8시 20분
- 냉장 구역 온도: 영상 4도
- 냉동 구역 온도: 영하 21도
- 재고 실사 주기: 45일
- 출입 기록 보관 기간: 3년
- 지게차 제한 속도: 시속 12킬로미터
- 야간 근무 인원: 6명
- 파손 신고 기한: 2일
- 비상 발전기 점검 주기: 14일
- 창고 책임자: 물류운영팀 한도현
- 반품 보관 기간: 10일
- 적재 높이 한도: 2.4미터
- 소화기 교체 주기: 5년

## 배송

- 당일 배송 주문 마감: 11시 20분
- 배송 차량 대수: 34대
- 배송 지연 보고 기한: 50분
- 배송 책임자: 배송관리팀 서지안
- 오배송 회수 기한: 3일
- 운행 일지 보관 기간: 4년
- 차량 정비 주기: 60일

## 안전

- 안전 교육 주기: 90일
- 안전모 교체 주기: 2년
- 사고 보고 기한: 30분
- 소방 훈련 주기: 180일
- 안전 책임자: 안전관리팀 유다온
- 위험물 보관 한도: 200리터
- 비상구 점검 주기: 7일
- 구급함 보충 주기: 30일
"""


def commands(readme: str) -> list[str]:
    """The commands from a clone to a question, one simple command each, without comments.

    Raises:
        ValueError: no code block holds them.
    """
    for block in re.findall(r"(?:^ {4}.*\n|^\n(?= {4}))+", readme, re.MULTILINE):
        lines = [line.strip() for line in block.splitlines() if line.strip()]
        if lines[0].startswith("git clone") and " ask --question" in lines[-1]:
            plain = [re.sub(r"\s+#\s.*$", "", line) for line in lines]
            return [command.strip() for line in plain for command in line.split("&&")]
    raise ValueError("no code block goes from git clone to ask --question")


def filled_in(command: str, documents: Path) -> str:
    """A command with what the README leaves to its reader."""
    command = re.sub(r"^git clone \S+", f"git clone --quiet {shlex.quote(str(REPOSITORY))}", command)
    command = re.sub(r"~/\w+", lambda _: shlex.quote(str(documents)), command)
    return re.sub(r"(--question )(['\"]).*\2", lambda found: found[1] + shlex.quote(QUESTION), command)


def environment(folder: Path, lent: Path | None) -> dict[str, str]:
    """Variables of a machine that has never seen slm-factory; a lent environment runs the clone's code."""
    variables = {**os.environ, "SLM_FACTORY_CACHE": str(folder / "cache"), "LC_ALL": "C.UTF-8"}
    variables.pop("PYTHONPATH", None)
    return variables | ({"PYTHONPATH": str(folder / "slm-factory")} if lent else {})


def script(listed: list[str], documents: Path, lent: Path | None) -> str:
    """The commands as a shell script that ends at the first failure."""
    lines = ["set -e", *(filled_in(command, documents) for command in listed)]
    if lent:
        at = next(number for number, line in enumerate(lines) if line.startswith("cd ")) + 1
        place = shlex.quote(str(lent.resolve()))
        lines.insert(at, f"mkdir .venv && ln -s {place}/* .venv/; touch .venv/.installed")
    return "\n".join(lines)


def main() -> None:
    """Runs the README's commands and prints how many there were and what the model answered."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--readme", type=Path, default=REPOSITORY / "README.md")
    parser.add_argument("--environment", type=Path, help="an installed .venv to lend to the clone")
    options = parser.parse_args()
    listed = commands(options.readme.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as place:
        folder, started = Path(place), time.monotonic()
        (folder / "manuals").mkdir()
        (folder / "manuals/가람창고.md").write_text(DOCUMENT, encoding="utf-8")
        done = subprocess.run(
            ["bash", "-c", script(listed, folder / "manuals", options.environment)],
            cwd=folder,
            env=environment(folder, options.environment),
            stdout=subprocess.PIPE,
            text=True,
        )
        minutes = (time.monotonic() - started) / 60
    answer = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""
    print("\n".join(f"{number}. {command}" for number, command in enumerate(listed, start=1)))
    print(f"\ncommands: {len(listed)} of at most {LIMIT} ({len(listed) / LIMIT:.0%}); {minutes:.1f} minutes")
    print(f"question: {QUESTION}\nanswer:   {answer}")
    sys.exit(not (len(listed) <= LIMIT and done.returncode == 0 and EXPECTED in answer))


if __name__ == "__main__":
    main()
