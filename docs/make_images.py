"""Writes docs/images: the pictures of README and guide, of the real thing.

python -m docs.make_images --report     # report.png, report.ko.png; needs the analysed sample (make run)
python -m docs.make_images --page       # page.png, page.ko.png; needs the trained one
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

IMAGES = Path(__file__).resolve().parent / "images"
LOCALES = {"": "en-US", ".ko": "ko-KR"}  # of each picture, by what follows its name
REPORT = Path("data/analyze.html")
QUESTIONS = {  # about the sample documents
    "": "Who is the owner of the gateway certificate?",
    ".ko": "2등급 장애의 보고 주기는 얼마인가요?",
}


def report(browser: Any) -> None:
    """Writes the upper part of the data report, in each language."""
    for language in LOCALES:
        tab = opened(browser, language, REPORT.resolve().as_uri(), 1000, 1420)
        tab.screenshot(path=IMAGES / f"report{language}.png")


def page(browser: Any) -> None:
    """Writes the page of `serve --compare` with an answered question, in each language."""
    with served() as address:
        for language, question in QUESTIONS.items():
            tab = opened(browser, language, address, 1120, 760)
            tab.wait_for_selector("body[data-ready]")
            tab.check("#compare")
            tab.fill("#question", question)
            tab.keyboard.press("Enter")
            tab.click(".passages:not([hidden]) summary")
            tab.evaluate("document.activeElement.blur()")
            tab.screenshot(path=IMAGES / f"page{language}.png")


def opened(browser: Any, language: str, address: str, width: int, height: int) -> Any:
    """The page at `address` in a tab of that many pixels, light, in the locale of the language."""
    viewport = {"width": width, "height": height}
    tab = browser.new_page(locale=LOCALES[language], viewport=viewport, color_scheme="light")
    tab.goto(address)
    return tab


@contextmanager
def served() -> Iterator[str]:
    """The address of `serve --compare` in this repository."""
    command = [sys.executable, "-m", "slm_factory", "serve", "--compare", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
        process.terminate()


def main() -> None:
    """Writes the pictures that are asked for."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--report", action="store_true", help="the data report")
    parser.add_argument("--page", action="store_true", help="the page of serve")
    arguments = parser.parse_args()
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for write in (report, page):
            if getattr(arguments, write.__name__):
                write(browser)
        browser.close()


if __name__ == "__main__":
    main()
