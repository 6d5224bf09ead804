"""Passwords, keys and tokens.

Matched here and not with detect-secrets, which was tried: it knows none of the forms that GitHub, Google,
Slack, OpenAI, Anthropic and Hugging Face give out today, and some of its patterns take quadratic time.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator

from slm_factory.parsers.redact.finding import Finding, columns_below, lowered, words

BORDER = r"(?<![A-Za-z0-9_-])"
# Keys of well-known services, by a literal that they hold: a pattern is tried only where its literal stands.
TOKENS = {
    literal: re.compile(pattern, re.ASCII)
    for literal, pattern in {
        "AKIA": rf"{BORDER}AKIA[0-9A-Z]{{16}}(?![A-Za-z0-9])",
        "ASIA": rf"{BORDER}ASIA[0-9A-Z]{{16}}(?![A-Za-z0-9])",
        **{f"gh{kind}_": rf"{BORDER}gh{kind}_[A-Za-z0-9]{{36,255}}" for kind in "pousr"},
        "github_pat_": rf"{BORDER}github_pat_[A-Za-z0-9_]{{22,255}}",
        "glpat-": rf"{BORDER}glpat-[A-Za-z0-9_-]{{20,300}}",
        "glrt-": rf"{BORDER}glrt-[A-Za-z0-9_-]{{20,300}}",
        "xox": rf"{BORDER}xox[abeoprs]-[A-Za-z0-9-]{{10,250}}",
        "xapp-": rf"{BORDER}xapp-\d-[A-Za-z0-9-]{{10,250}}",
        "hooks.slack.com": r"hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9_/-]{20,200}",
        "sk-": rf"{BORDER}sk-(?=[A-Za-z_-]{{0,60}}\d)[A-Za-z0-9_-]{{20,300}}",
        "k_live_": rf"{BORDER}[rs]k_live_[A-Za-z0-9]{{16,250}}",
        "AIza": rf"{BORDER}AIza[A-Za-z0-9_-]{{35}}",
        "ya29.": rf"{BORDER}ya29\.[A-Za-z0-9_-]{{20,500}}",
        "hf_": rf"{BORDER}hf_[A-Za-z0-9]{{30,60}}",
        "npm_": rf"{BORDER}npm_[A-Za-z0-9]{{36}}",
        "pypi-": rf"{BORDER}pypi-[A-Za-z0-9_-]{{50,500}}",
        "SG.": rf"{BORDER}SG\.[A-Za-z0-9_-]{{22}}\.[A-Za-z0-9_-]{{43}}",
        "AccountKey=": r"(?<=AccountKey=)[A-Za-z0-9+/]{86}==",
        "eyJ": rf"{BORDER}eyJ[\w-]{{8,4000}}\.eyJ[\w-]{{8,8000}}(?:\.[A-Za-z0-9_-]{{0,4000}})?",
    }.items()
}
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
KEY_LINES = re.compile(r"(?:\s{0,2}[A-Za-z0-9+/=]{16,})*")
LONGEST_KEY = 20_000  # characters
URL_PASSWORD = re.compile(r"://[^\s:/@|\[\]]{0,100}:([^\s/@|\[\]]{3,200})@(?=[\w\[])")

# What parts a word from its value: `password: `, `"token" = `, `비밀번호(처음): `, `암호는 `, `| 비번 | `.
GAP = re.compile(
    r"(?:[ ]?\([^()|\n]{0,20}\))?[\"'*`_]{0,3}[ \t]{0,3}(?:[:=：|]|=>|은|는)[ \t]{0,3}[\"'*`_]{0,3}"
)
PASSWORD = re.compile(r"passwo?r?d|passphrase|pwd?\b|비밀번호|비밀 번호|패스워드|비번|암호")
PASSWORD_VALUE = re.compile(r"[A-Za-z0-9!#$%&*+./:=?@^_~-]{4,128}")
KEY = re.compile(
    r"secret[ _-]?key|secret|token|bearer|api[ _-]?key|access[ _-]?key|auth[ _-]?key|service[ _-]?key"
    r"|private[ _-]?key|인증\s?키|서비스\s?키|비밀\s?키|접근\s?키|보안\s?키|api\s?키|토큰|시크릿\s?키|시크릿"
)
KEY_VALUE = re.compile(r"[A-Za-z0-9+/=_.~:-]{16,512}")
# What stands where a password would, and is none: variables, paths, options, names and calls in code,
# ciphers, counts (128비트, 90일).
NO_PASSWORD = re.compile(
    r"[$%/.&*?=:-]|https?:|[a-z_]\w*(?:\.[a-z_]\w*)+(?![\w.])|[a-z_][\w.]*[(\[{](?![가-힣])"
    r"|(?:aes|sha|tls|ssl|rsa|aria|seed|des|md|hmac)[-\d]|\d+[비자글개회분일년월시초번]",
    re.IGNORECASE | re.ASCII,
)
MIN_BITS, MIN_BITS_HEXADECIMAL = 3.5, 3.0  # of entropy per character of a key


def find_credentials(text: str) -> Iterator[Finding]:
    """The credentials in `text`, in no order; findings may overlap."""
    yield from private_keys(text)
    for literal, pattern in TOKENS.items():
        if literal in text:
            yield from (Finding("secret", *match.span()) for match in pattern.finditer(text))
    for match in URL_PASSWORD.finditer(text):
        yield Finding("password", *match.span(1))
    lower = lowered(text)
    for start in value_starts(lower, PASSWORD):
        found = PASSWORD_VALUE.match(text, start)
        value = found[0].rstrip(".:") if found else ""
        if is_password(value) and not NO_PASSWORD.match(text, start):
            yield Finding("password", start, start + len(value))
    for start in value_starts(lower, KEY):
        key = KEY_VALUE.match(text, start)
        if key and is_random(key[0]):
            yield Finding("secret", *key.span())


def private_keys(text: str) -> Iterator[Finding]:
    """Private keys from their first line to their last, or to where their lines end (RFC 7468)."""
    end = 0
    for match in PRIVATE_KEY.finditer(text):
        if match.start() < end:
            continue
        last = text.find("-----END ", match.end(), match.end() + LONGEST_KEY)
        closing = text.find("-----", last + 9, last + 80) if last >= 0 else -1
        lines = KEY_LINES.match(text, match.end(), match.end() + LONGEST_KEY)
        end = closing + 5 if closing >= 0 else lines.end() if lines else match.end()
        yield Finding("secret", match.start(), end)


def value_starts(lower: str, word: re.Pattern[str]) -> Iterator[int]:
    """Where the value of each of the words would begin: behind it, or below it where it heads a column."""
    for match in words(lower, word):
        gap = GAP.match(lower, match.end())
        is_option = lower.startswith("--", lower.rfind(" ", max(match.start() - 20, 0), match.start()) + 1)
        if gap:
            yield gap.end()
        elif (is_option or match[0] == "bearer") and lower.startswith(" ", match.end()):
            yield match.end() + 1
    for start, end in columns_below(lower, word):
        yield end - len(lower[start:end].lstrip(" *`\"'"))


def is_password(value: str) -> bool:
    """Whether a value can be a password: digits, or two of letters, digits and other marks."""
    kinds = [
        any(character.isalpha() for character in value),
        any(character.isdigit() for character in value),
        any(character in "!#$%&*+=?@^~" for character in value),
    ]
    return len(value) >= 4 and (sum(kinds) > 1 or value.isdigit())


def is_random(value: str) -> bool:
    """Whether a value has letters and digits in the disorder of a key."""
    if not re.search(r"\d", value) or not re.search(r"[A-Za-z]", value):
        return False
    shares = [count / len(value) for count in Counter(value).values()]
    bits = -sum(share * math.log2(share) for share in shares)
    return bits >= (MIN_BITS_HEXADECIMAL if re.fullmatch(r"[0-9A-Fa-f-]+", value) else MIN_BITS)
