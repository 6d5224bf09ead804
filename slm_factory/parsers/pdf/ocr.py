"""Scanned pages read with the Tesseract in PyMuPDF, where its language data is installed."""

import math
import re
from functools import cache
from pathlib import Path

import pymupdf

DPI = 300  # at which Tesseract reads best
ROUGH_DPI = 150  # enough to tell which way up a page is
MAX_PIXELS = 30_000_000  # of a page's picture; larger pages are read at fewer dots per inch
MAX_POINTS = 14_400  # of a page's side, the limit of PDF (ISO 32000-1, annex C.2); a larger page is not drawn
# Upright text is words for nine tenths of its characters, text upside down or on its side for half at most,
# many of them in capitals, which count half.
WORD = re.compile(r"(?<![^\W_])(?:[A-Z]?[a-z]{2,}|[A-Z]{2,}|[가-힣]{2,}|\d+)(?![^\W_])")
SURE, MIN_LIKENESS = 0.7, 0.4


@cache
def installed(languages: str) -> str:
    """The languages (`kor+eng`) with the sizes of their data, which tell versions; "" if one is missing."""
    try:
        folder = Path(pymupdf.get_tessdata()) if languages else None
    except RuntimeError:  # no Tesseract, and no TESSDATA_PREFIX
        return ""
    files = [folder / f"{language}.traineddata" for language in languages.split("+")] if folder else []
    if not files or not all(file.is_file() for file in files):
        return ""
    return " ".join(f"{file.stem} {file.stat().st_size}" for file in files)


def read_picture(page: pymupdf.Page, languages: str, flags: int) -> pymupdf.TextPage | None:
    """The text of a page's picture; turns the page so that it stands upright.

    None where the languages are not installed, the page is too large, or no turn of it gives words.
    """
    if not installed(languages) or not 0 < max(page.rect.width, page.rect.height) <= MAX_POINTS:
        return None
    text, likeness = recognise(page, DPI, languages, flags)
    if likeness < SURE:
        shown, turns = page.rotation, {0: likeness}
        for turn in (90, 180, 270):
            page.set_rotation((shown + turn) % 360)
            turns[turn] = recognise(page, ROUGH_DPI, languages, flags)[1]
        turn = max(turns, key=lambda turn: turns[turn])
        if turns[turn] < MIN_LIKENESS:
            return None
        page.set_rotation((shown + turn) % 360)
        text, _ = recognise(page, DPI, languages, flags)
    page.remove_rotation()
    return text


def recognise(page: pymupdf.Page, dots: int, languages: str, flags: int) -> tuple[pymupdf.TextPage, float]:
    """The text of a page drawn at `dots` per inch, and how much of it looks like words, from 0 to 1."""
    dpi = int(min(dots, 72 * math.sqrt(MAX_PIXELS / (page.rect.width * page.rect.height))))
    picture = page.get_pixmap(dpi=dpi).pdfocr_tobytes(language=languages)
    with pymupdf.open(stream=picture, filetype="pdf") as read:
        scale = page.rect.width / read[0].rect.width
        text = read[0].get_textpage(flags=flags, matrix=pymupdf.Matrix(scale, scale))
    found = text.extractText()
    words = sum(len(word) / (1 + word.isupper()) for word in WORD.findall(found))
    return text, words / max(len("".join(found.split())), 1)
