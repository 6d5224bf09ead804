"""The layout model that comes with PyMuPDF, asked where a page has tables.

It takes 0.2 s per page, as long as reading twenty pages without it, so it is asked only in doubt.
"""

import pymupdf

from slm_factory.parsers.pdf.page import Box

MIN_SHARE = 0.5  # of a doubtful table's area that the model has to call a table
MAX_POINTS = 3000  # of a page's side; the model draws the page, a point a pixel


def is_confirmed(page: pymupdf.Page, box: Box) -> bool:
    """Whether the model sees a table there; where it is not installed or the page is too large, yes."""
    if max(page.rect.width, page.rect.height) > MAX_POINTS:
        return True
    if page.layout_information is None:
        page.get_layout()
    if page.layout_information is None:
        return True
    area = pymupdf.Rect(box)
    seen = sum(
        abs(area & pymupdf.Rect(found[:4])) for found in page.layout_information if found[4] == "table"
    )
    return bool(seen > MIN_SHARE * abs(area))
