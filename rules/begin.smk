# Where our packages are, and how a run ends that cannot go on: what the Snakefile itself needs before
# it reads the configuration.
import sys

# The studies beside the Snakefile and, of a checkout, the library in src.
for folder in (Path(workflow.basedir) / "src", Path(workflow.basedir)):
    if folder.is_dir():
        sys.path.insert(0, str(folder.resolve()))

from sarslide.config import reading
from sarslide.errors import SarslideError, unexpected


def or_exit(work):
    """The result of `work`, or the end of Snakemake with the one coded line of what is wrong."""
    try:
        return work()
    except SarslideError as error:
        sys.exit(str(error))
    except Exception as error:
        if workflow.output_settings.verbose:
            raise
        sys.exit(str(unexpected(error, "what a run with --verbose prints")))
