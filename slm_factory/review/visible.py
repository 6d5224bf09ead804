"""Text of documents and models made safe for a terminal: what would steer it is shown instead.

A document may hold escape sequences that recolour the screen, set its title or fill the keyboard buffer, and
marks that turn the reading direction round ("Trojan Source", CVE-2021-42574).
"""

import unicodedata

# Names of the control characters as pictures (Unicode, Control Pictures); the C1 controls have none.
PICTURES = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}
UNSEEN = dict.fromkeys(
    [*range(0x80, 0xA0), 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A)], "\ufffd"
)
SHOWN: dict[int, int | str] = PICTURES | UNSEEN | {0x09: " ", 0x0A: "\n"}
INLINE = SHOWN | {0x0A: " "}


def visible(text: str) -> str:
    """`text` with every control character as a picture of itself, as long as before; lines stay."""
    return text.translate(SHOWN)


def one_line(text: str) -> str:
    """`visible` on one line, also as long as before."""
    return text.translate(INLINE)


def typed(text: str) -> str:
    """`text` for an input field: in NFC, without control characters other than line breaks and tabs."""
    kept = (c for c in unicodedata.normalize("NFC", text) if c in "\n\t" or ord(c) not in SHOWN)
    return "".join(kept)
