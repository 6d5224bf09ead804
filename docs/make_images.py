"""Writes docs/images: the pictures of README and guide, of the real thing.

python -m docs.make_images --report     # report.png, report.ko.png; needs the analysed sample (make run)
"""

import argparse
import shutil
from pathlib import Path

IMAGES = Path(__file__).resolve().parent / "images"
REPORT = Path("data/analyze.html")
REPORTS = {"report.png": "en-US", "report.ko.png": "ko-KR"}


def report() -> None:
    """Writes the upper part of the data report, in each language."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, locale in REPORTS.items():
            tab = browser.new_page(
                locale=locale, viewport={"width": 1000, "height": 1420}, color_scheme="light"
            )
            tab.goto(REPORT.resolve().as_uri())
            tab.screenshot(path=IMAGES / name)
        browser.close()


def main() -> None:
    """Writes the pictures that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", action="store_true", help="the data report")
    arguments = parser.parse_args()
    IMAGES.mkdir(exist_ok=True)
    if arguments.report:
        report()


if __name__ == "__main__":
    main()
