"""The readers that `bench/parse.py` compares: each loads its library and returns a function on files."""

from collections.abc import Callable
from pathlib import Path

Reader = Callable[[Path], str]


def ours() -> Reader:
    """This project's parsers."""
    from slm_factory.parsers.parse_file import parse_file
    from slm_factory.parsers.parsed import Options

    options = Options(max_pages=5000, max_expanded_bytes=512 * 2**20)
    return lambda path: "\n".join(document.markdown for document in parse_file(path, options))


def markitdown() -> Reader:
    """Microsoft's converter to Markdown, without plugins: `pip install "markitdown[docx]"`."""
    from markitdown import MarkItDown

    converter = MarkItDown(enable_plugins=False)
    return lambda path: converter.convert_local(path).markdown


def pymupdf4llm() -> Reader:
    """PyMuPDF's Markdown writer with its layout model, OCR off."""
    import pymupdf4llm

    pymupdf4llm.use_layout(True)
    return lambda path: pymupdf4llm.to_markdown(str(path), use_ocr=False)


def docling() -> Reader:
    """IBM's converter, with models that must be on this machine already."""
    from docling.document_converter import DocumentConverter

    converter = DocumentConverter()
    return lambda path: converter.convert(path).document.export_to_markdown()


def trafilatura(**mode: bool) -> Callable[[], Reader]:
    """trafilatura's main text as Markdown in one of its modes, readers' comments left out."""

    def load() -> Reader:
        from trafilatura import extract

        return lambda path: (
            extract(path.read_bytes(), output_format="markdown", include_comments=False, **mode) or ""
        )

    return load


def hwpx_markdown() -> Reader:
    """python-hwpx's own Markdown writer."""
    from hwpx import HwpxDocument

    return lambda path: HwpxDocument.open(path).export_markdown()


def hwpx_text() -> Reader:
    """python-hwpx's text extractor."""
    from hwpx import TextExtractor

    def read(path: Path) -> str:
        with TextExtractor(path) as extractor:
            return extractor.extract_text()

    return read


CONTENDERS: dict[str, dict[str, Callable[[], Reader]]] = {
    "pdf": {"ours": ours, "pymupdf4llm": pymupdf4llm, "markitdown": markitdown, "docling": docling},
    "hwpx": {"ours": ours, "python-hwpx Markdown": hwpx_markdown, "python-hwpx text": hwpx_text},
    "docx": {"ours": ours, "markitdown": markitdown, "docling": docling},
    "html": {
        "ours": ours,
        "trafilatura default": trafilatura(),
        "trafilatura precision": trafilatura(favor_precision=True),
        "trafilatura recall": trafilatura(favor_recall=True),
        "markitdown": markitdown,
        "docling": docling,
    },
}
