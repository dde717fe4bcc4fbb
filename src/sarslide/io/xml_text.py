"""Text from elsewhere in XML."""

import re

FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, section 2.2


def allowed(text: str) -> str:
    """A text without what no XML may hold, not even escaped.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        With a space for each control character and lone surrogate.
    """
    return FORBIDDEN.sub(" ", text)
