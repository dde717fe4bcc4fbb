"""Where the workflow lies: Snakefile, rules, scripts, environments, profiles, config.yaml.

In a checkout at its root, beside `src`; in an installed wheel in `sarslide/bundle`.
"""

from pathlib import Path

import sarslide

PACKAGE = Path(sarslide.__file__).parent


def workflow_folder() -> Path:
    """Folder of the workflow.

    Returns
    -------
    Path
        It holds the Snakefile.
    """
    bundle = PACKAGE / "bundle"
    return bundle if bundle.is_dir() else PACKAGE.parents[1]


def snakefile() -> Path:
    """The Snakefile.

    Returns
    -------
    Path
        Absolute.
    """
    return workflow_folder() / "Snakefile"
