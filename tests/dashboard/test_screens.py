"""The screens as they were looked at, in both languages. `pytest --snapshot-update` draws them anew."""

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from slm_factory import language
from slm_factory.dashboard.app import Dashboard
from tests.dashboard import scenes

SMALL, LARGE = (80, 24), (140, 40)
SHOTS = (  # scene, key of the tab, size, language
    *((scene, "1", SMALL, lang) for scene in ("before", "work", "failed") for lang in ("en", "ko")),
    *(("rest", "3", SMALL, lang) for lang in ("en", "ko")),
    ("work", "2", LARGE, "ko"),
)


@pytest.fixture
def folder(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of the same name on every machine."""
    place = workspace / "acme-runbooks"
    place.mkdir()
    (workspace / "params.yaml").rename(place / "params.yaml")
    monkeypatch.chdir(place)
    return place


@pytest.mark.parametrize(("scene", "key", "size", "lang"), SHOTS)
def test_screen_is_the_one_that_was_looked_at(
    scene: str,
    key: str,
    size: tuple[int, int],
    lang: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    snap_compare: Callable[..., bool],
) -> None:
    scenes.play(scene, folder, monkeypatch)
    language.use(lang)
    app = Dashboard()

    async def drawn(pilot: Pilot[None]) -> None:
        await scenes.settled(app)
        await pilot.press(key)
        await pilot.pause()

    assert snap_compare(app, run_before=drawn, terminal_size=size)
