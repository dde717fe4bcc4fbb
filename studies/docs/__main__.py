"""Every picture, printed text and table of the pages made anew, each from files of a run.

    python -m studies.docs            all, with runs of demo and valley: forty minutes
    python -m studies.docs --small    what the small demo and the registries give: minutes

The runs stand in build/docs (`--folder`), one working folder each, and are brought up to date
first. The same runs give the same bytes.

From `sarslide demo --small`: `tutorial_*.png` in docs/images and what docs/tutorial.md shows as
printed, by its own commands in a copy; the pages docs/notebooks/*.md with their pictures
`first_look_*.png` and `labels_to_network_*.png`, by the notebooks in copies. From `sarslide demo`:
`demo.png`, `demo.webp`. From `sarslide run valley`: `two_tracks.png`. From the registries: the
marked tables of docs/ and README.md, config.yaml and its schema (`studies.registry_tables`,
`sarslide.config --fix`), and docs/reference/flows.md with its figures, of the rule graphs of the
papers' presets.

Tables of measurements are written by the studies that measure, which their pages name.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from studies.docs import animation, flows, notebooks, pictures, tutorial, two_tracks
from studies.docs.finished import FULL, REPOSITORY, SMALL, VALLEY, Finished, finished
from studies.docs.pictures import write

IMAGES = REPOSITORY / "docs/images"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="leave out what needs demo and valley")
    parser.add_argument("--folder", type=Path, default=REPOSITORY / "build/docs", help="where the runs stand")
    chosen = parser.parse_args()
    of_registries()
    of_small_demo(finished(chosen.folder.resolve() / SMALL, SMALL))
    if not chosen.small:
        of_demo(finished(chosen.folder.resolve() / FULL, FULL))
        of_valley(finished(chosen.folder.resolve() / VALLEY, VALLEY))


def of_registries() -> None:
    """Bring generated tables and the texts of the configuration in step with the code."""
    for words in (["sarslide.config", "--fix"], ["studies.registry_tables"]):
        subprocess.run([sys.executable, "-m", *words], cwd=REPOSITORY, check=True)
    flows.make()


def of_small_demo(region: Finished) -> None:
    """Make the tutorial's pictures and printed texts, and the pages of the notebooks."""
    pictures.write_tutorial(region, IMAGES)
    with tempfile.TemporaryDirectory() as place:
        copy = tutorial.copy_of(region, Path(place))
        write(tutorial.PAGE, tutorial.refreshed(tutorial.PAGE.read_text(), copy.folder).encode())
        write(IMAGES / "tutorial_changes.png", pictures.changes(copy, copy.stacks[0]))
    for notebook in notebooks.notebooks():
        with tempfile.TemporaryDirectory() as place:
            content = notebooks.executed(notebook, tutorial.copy_of(region, Path(place)).folder)
        write(notebook.with_suffix(".md"), notebooks.page(content, notebook.stem).encode())


def of_demo(region: Finished) -> None:
    """Make the pictures of README and landing page."""
    first = region.stacks[0]
    write(IMAGES / "demo.png", pictures.overview(region, first))
    write(IMAGES / "demo.webp", animation.chain(region, first))


def of_valley(region: Finished) -> None:
    """Make the picture of concepts: a landslide that both tracks see well, with opposite rates."""
    write(IMAGES / "two_tracks.png", two_tracks.two_tracks(region))


if __name__ == "__main__":
    main()
