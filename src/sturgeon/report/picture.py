"""One picture of a study as a PNG or SVG file."""

from __future__ import annotations

import time
from pathlib import Path

from sturgeon.errors import InputError, option
from sturgeon.figures import FIGURES, take_snapshot
from sturgeon.figures.common.snapshot import Shown
from sturgeon.figures.static import draw_static
from sturgeon.figures.static.drawing import MARK
from sturgeon.languages.choice import check_language
from sturgeon.report.writing import Written, check_replaceable, write_whole


def write_picture(
    study: Shown,
    path: Path,
    figure: str,
    form: str,
    *,
    folder: Path | None = None,
    language: str = "en",
    force: bool = False,
) -> Written:
    """Write one picture, without a browser.

    Args:
        study: A study that is open, or a snapshot of one.
        path: The file to write; one that is there is replaced only if Sturgeon drew it, too.
        figure: The picture's name in ``FIGURES``.
        form: ``"png"`` or ``"svg"``.
        folder: Where ``sturgeon tune`` left what it found; None for the study's own folder.
        language: ``"en"``, ``"vi"`` or ``"zh"``.
        force: Replace whatever is there.

    Raises:
        InputError: There is no such picture or language, the study lacks what it shows, or the file cannot
            be written.
    """
    began = time.monotonic()
    check_language(language)
    if figure not in FIGURES:
        raise InputError(f"`{option('figure')}` must be one of {', '.join(FIGURES)}; got {figure!r}.")
    check_replaceable(path, MARK, force=force)
    seen, picture = take_snapshot(study, folder), FIGURES[figure]
    lacks = picture.missing_in(seen, "en")
    if lacks:
        fitting = [one.name for one in FIGURES.values() if one.fits(seen)]
        raise InputError(
            f"A picture must fit the study; got `{option('figure', figure)}`, but {lacks}. "
            f"Those that fit: {', '.join(fitting) or 'none yet'}."
        )
    content = draw_static(picture(seen, language=language), form)
    write_whole(path, content)
    return Written(path, len(content), (figure,), round(time.monotonic() - began, 3))
