"""The languages of pictures, reports and pages: English, Vietnamese, Chinese.

English stands in the source. The two others are gettext catalogues, one for each room that shows text, in
``messages/vi`` and ``messages/zh``; ``scripts/update_messages`` brings them up to the source.
"""

from sturgeon.languages.choice import LANGUAGES, choose_language, language_of_environment
from sturgeon.languages.translator import translator

__all__ = ["LANGUAGES", "choose_language", "language_of_environment", "translator"]
