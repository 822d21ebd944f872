"""Sphinx's settings: ``python -m sphinx -W docs build/site`` builds the site."""

from importlib.metadata import version as version_of

project = "Sturgeon"
author = "The Sturgeon authors"
copyright = "the Sturgeon authors, Apache-2.0"
version = release = version_of("sturgeon")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["build"]
html_theme = "furo"
html_title = "Sturgeon"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_typehints = "signature"
autodoc_member_order = "groupwise"
napoleon_numpy_docstring = False
napoleon_use_ivar = True

# Links that lead out of the site, to the code and the examples, are checked by tests/test_documentation.py.
suppress_warnings = ["myst.xref_missing"]
