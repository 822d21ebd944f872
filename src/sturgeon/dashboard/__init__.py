"""The live pages: what is tuned, while it is tuned, and how to step in.

``catalogue.py`` finds studies; a ``LiveStudy`` follows one and holds it in memory, read once for all pages
that show it; ``study_pages.py`` and ``trial_pages.py`` answer a browser; ``actions.py`` changes a study.
Needs the extra ``dashboard``.
"""
