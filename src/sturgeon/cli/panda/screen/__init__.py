"""The screen of a run in a terminal, by Textual."""

from sturgeon.errors import MissingExtra

try:
    import textual  # noqa: F401  (whether it is there)
except ImportError:
    raise MissingExtra(
        'the screen needs Textual, which is not installed; run: pip install "sturgeon[tui]".'
    ) from None
