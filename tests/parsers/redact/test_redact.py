"""redact finds personal data and secrets, takes nothing else for them, and leaves nothing of them."""

import random
from collections.abc import Callable

import pytest
from stdnum import luhn
from stdnum.kr import rrn

from slm_factory.parsers.redact.masking import PLACEHOLDERS, Finding, find, mask


def made_of(source: random.Random, characters: str, count: int) -> str:
    return "".join(source.choices(characters, k=count))


def digits(source: random.Random, count: int) -> str:
    return made_of(source, "0123456789", count)


def signs(source: random.Random, count: int) -> str:
    """Letters and digits, at least one of each."""
    return "a7" + made_of(source, "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789", count - 2)


def resident(source: random.Random, hyphen: str = "-") -> str:
    """A number with a right check digit, of a day in 1900: nobody's any more."""
    number = (
        f"00{source.randint(1, 12):02}{source.randint(1, 28):02}{source.choice('12')}00{digits(source, 3)}"
    )
    return number[:6] + hyphen + number[6:] + rrn.calc_check_digit(number)


def card(source: random.Random, separator: str) -> str:
    number = source.choice(["4", "52", "9"]).ljust(8, "0") + digits(source, 7)
    number += luhn.calc_check_digit(number)
    return separator.join(number[start : start + 4] for start in range(0, 16, 4))


KEY = "PRIVATE" + " KEY"  # in two parts, as other makers: scanners of repositories look for such lines

MAKERS: dict[str, list[Callable[[random.Random], str]]] = {
    "resident_number": [
        resident,
        lambda source: resident(source, ""),
        lambda source: resident(source, " – "),
        lambda source: f"201225-3{digits(source, 6)}",  # too young for a check digit
        lambda source: f"주민등록번호 201225 4{digits(source, 6)}",
        lambda source: f"000228-5{digits(source, 6)}",  # a foreigner's
    ],
    "licence_number": [
        lambda source: f"11-00-{digits(source, 6)}-00",
        lambda source: f"서울 00-{digits(source, 6)}-00",
    ],
    "passport_number": [
        lambda source: f"여권 M{digits(source, 8)}",
        lambda source: f"Passport no. M{digits(source, 3)}A{digits(source, 4)}",
    ],
    "card_number": [
        lambda source: card(source, "-"),
        lambda source: card(source, " "),
        lambda source: card(source, ""),
    ],
    "account_number": [
        lambda source: f"신한은행 110-{digits(source, 3)}-{digits(source, 6)}",
        lambda source: f"계좌: {digits(source, 12)}",
        lambda source: "계좌 1208147521",  # a business number has hyphens
        lambda source: f"1002-{digits(source, 3)}-{digits(source, 6)} (우리은행)",
    ],
    "phone_number": [
        lambda source: f"010-0000-{digits(source, 4)}",
        lambda source: f"0100000{digits(source, 4)}",
        lambda source: f"010.0000.{digits(source, 4)}",
        lambda source: f"02-555-{digits(source, 4)}",
        lambda source: f"(031) 555-{digits(source, 4)}",
        lambda source: f"070‑4555‑{digits(source, 4)}",
        lambda source: f"1588-9{digits(source, 3)}",
        lambda source: f"+82-10-5555-{digits(source, 4)}",
        lambda source: f"+82 (0)2 555 {digits(source, 4)}",
        lambda source: f"82-2-555-{digits(source, 4)}",
        lambda source: f"+1 212-555-{digits(source, 4)}",
        lambda source: f"전화 02555{digits(source, 4)}",
    ],
    "email": [
        lambda source: f"{signs(source, 6)}@example.com",
        lambda source: f"{signs(source, 4)}.b+c@mail.example.co.kr",
    ],
    "password": [
        lambda source: f"비밀번호: {signs(source, 8)}!",
        lambda source: f"초기 비밀번호(변경 전)는 {digits(source, 4)}",
        lambda source: f'DB_PASSWORD="{signs(source, 8)}"',
        lambda source: f"**패스워드**: `{signs(source, 8)}`",
        lambda source: f"mysql --password {signs(source, 9)}",
        lambda source: f"postgres://app:{signs(source, 9)}@db.example.com/app",
    ],
    "secret": [
        lambda source: "AKIA" + made_of(source, "ABCDEFGHIJ234567", 16),
        lambda source: "ghp_" + signs(source, 36),
        lambda source: "github_" + "pat_" + signs(source, 60),
        lambda source: "xox" + f"b-{digits(source, 11)}-{signs(source, 24)}",
        lambda source: "sk-" + f"proj-{signs(source, 40)}",
        lambda source: "AIza" + signs(source, 35),
        lambda source: f"aws_secret_access_key = {signs(source, 40)}",
        lambda source: f"Authorization: Bearer {signs(source, 40)}",
        lambda source: f"인증키: {signs(source, 32)}",
        lambda source: f"api_key={made_of(source, '0123456789abcdef', 32)}a1",
        lambda source: f"eyJ{signs(source, 20)}.eyJ{signs(source, 30)}.{signs(source, 30)}",
        lambda source: f"-----BEGIN {KEY}-----\n{signs(source, 64)}\n{signs(source, 9)}\n-----END {KEY}-----",
        lambda source: f"-----BEGIN RSA {KEY}-----\n{signs(source, 64)}\n{signs(source, 64)}",
    ],
}  # fmt: skip
CASES = [(kind, number) for kind, makers in MAKERS.items() for number in range(len(makers))]
SENTENCES = [
    "{}",
    "담당자는 {}입니다.",
    "{}로 한다.",
    "| 홍 길동 | {} |",
    "({})",
    "- {}, 서울",
    "값 {}(야간)",
    '"{}"',
]


def kinds(text: str) -> list[str]:
    return [finding.kind for finding in find(text)]


def spelled(text: str) -> list[str]:
    return [text[finding.start : finding.end] for finding in find(text)]


@pytest.mark.parametrize(("kind", "number"), CASES)
def test_every_form_is_found_in_every_surrounding_and_nothing_of_it_remains(kind: str, number: int) -> None:
    source = random.Random(f"{kind} {number}")
    for sentence in SENTENCES:
        value = MAKERS[kind][number](source)
        text = sentence.format(value)
        assert kinds(text) == [kind], text
        masked, _ = mask(text, find(text), (), "ko")
        assert f"[{PLACEHOLDERS[kind][0]}]" in masked
        assert find(masked) == []
        found = spelled(text)[0]
        pieces = [found[start : start + 4] for start in range(len(found) - 3)]
        assert not [piece for piece in pieces if any(map(str.isdigit, piece)) and piece in masked]


@pytest.mark.parametrize(
    "text",
    [
        "대법원 2012. 3. 15. 선고 2012두2474 판결, 2019헌바123456",
        "소득세법 제20조제1항제3호, 법률 제19196호(2022-12-31)",
        "국세청 고시 제2020-1234호, 문서번호 12345-678901",
        "2024-03-18 12:30:45.123456, 2024.03.18., 20240318123045, 1710729045123",
        "1,234,567,890원과 1234567890123원",
        "ISBN 978-89-1234-567-0, 9788912345670",
        "10.0.12.255, 192.168.100.200:8443, 2001:db8:0:1234:5678:9abc::1, 00:1a:2b:3c:4d:5e",
        "버전 1.23.456-7890, 3.11.7, v2024.1.1588-9000",
        "임진왜란(1592-1598)과 1588-1600년의 기록",
        "사업자등록번호 123-45-67891, 계좌 개설 사업자 120-81-47521",
        "법인등록번호 110111-1234567",
        "Commit 3f786850e387550fdab836ed7e6dc881de23001b, uuid 123e4567-e89b-12d3-a456-426614174000",
        "password: ${DB_PASSWORD}, password=args.password, password = get_password(), password: ********",
        "비밀번호: 8자 이상으로 정한다. 암호: AES-256, 암호는 2048비트다. 비밀번호는 90일마다 바꾼다.",
        "token: service-account-token, secretName: my-secret, API key: ask the administrator",
        "git clone git@github.com:example/repository.git; npm i @types/node@18.1.2; https://host:8080/a@b",
        "| 비밀번호 | 주기 |\n|---|---|\n| 영문과 숫자 | 90일 |\n",
        "부품 번호 M12345678, S123A4567",
        "4000 0000 0000 0001번 자리, 1234-5678-9012-3456",
        "우체국 제1234-567890의 서식",
        "은행은 2024-03-18 기준 123-456건",
    ],
)
def test_other_numbers_and_words_are_left_alone(text: str) -> None:
    assert spelled(text) == []


def test_what_heads_a_column_tells_what_stands_below_it() -> None:
    text = (
        "| 이름 | 계좌번호 | 비밀번호 | 번호 |\n|---|---|---|---|\n"
        "| 가 | 1234567890123 | `abc123!` | 1234567890123 |\n| 나 | - | 없음 | 1 |\n"
    )
    assert kinds(text) == ["account_number", "password"]
    masked, _ = mask(text, find(text), (), "en")
    assert masked.split("\n")[2] == "| 가 | [account number] | `[password]` | 1234567890123 |"


def test_offsets_move_with_the_text_and_placeholders_speak_its_language() -> None:
    text = "가\n010-0000-0000\n나 a@example.com\n다\n"
    starts = [0, 2, 5, text.index("나"), text.index("다"), len(text)]
    masked, moved = mask(text, find(text), starts, "ko")
    assert masked == "가\n[전화번호]\n나 [이메일]\n다\n"
    assert moved == (0, 2, 2, masked.index("나"), masked.index("다"), len(masked))
    assert mask(text, find(text), (), "en") == ("가\n[phone number]\n나 [email]\n다\n", ())


def test_a_placeholder_before_a_parenthesis_is_no_link() -> None:
    assert mask("010-0000-0000(야간)", [Finding("phone_number", 0, 13)], (), "ko")[0] == "[전화번호] (야간)"


def test_overlapping_findings_become_one() -> None:
    text = "비밀번호: 010-0000-0000@example.com"
    assert len(find(text)) == 1
    assert mask(text, find(text), (), "ko")[0] == "비밀번호: [비밀번호]"


@pytest.mark.parametrize("seed", range(60))
def test_masked_text_has_nothing_left_to_find(seed: int) -> None:
    source = random.Random(seed)
    makers = [maker for some in MAKERS.values() for maker in some]
    between = ["", "-", " ", ":", "\n", "|", "(", ".", "@", "계좌 ", "비밀번호: ", "1", "token="]
    text = "".join(source.choice(between) + source.choice(makers)(source) for _ in range(12))
    masked, _ = mask(text, find(text), (), source.choice(["ko", "en"]))
    assert find(masked) == []


def test_letters_that_change_length_in_lower_case_shift_nothing() -> None:
    text = "İİİİİİ 비밀번호: abc123!"
    assert spelled(text) == ["abc123!"]
