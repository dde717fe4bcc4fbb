"""The QGIS projects of a finished region, opened and printed by QGIS itself.

    python -m studies.office.projects FOLDER REGION [--python /usr/bin/python3] [--record]

FOLDER holds `results/`. The project of the report and that of an export are read; all layers must
be valid, the CRS that of the region, and the layout must print: map, legend, scale bar and text.
Where the release has time series, the map tip of each landslide must draw all of its dates; the
sheets that landslides open must be there.
"""

import argparse
import json
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from sarslide.publish import export, source
from sarslide.publish.files import PACKAGE
from sarslide.report.qgis_series import spans
from studies.office import put, row
from studies.structure.records import keep_or_tell

COMMAND = "python -m studies.office.projects FOLDER REGION --record"
SCRIPT = Path(__file__).with_name("in_qgis.py")
ITEMS = ["Label", "Legend", "Map", "Page", "ScaleBar"]


def opened(project: Path, python: str, picture: Path) -> dict[str, Any]:
    """What QGIS tells of a project."""
    done = subprocess.run(
        [python, SCRIPT, project, picture],
        env={"QT_QPA_PLATFORM": "offscreen", "PATH": "/usr/bin:/bin", "HOME": str(picture.parent)},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return json.loads(done.stdout.splitlines()[-1])


def answers(what: str, found: dict[str, Any], package: Path) -> Iterator[dict]:
    """Rows of what landslides show under the pointer, and open."""
    if spans(package):
        with closing(sqlite3.connect(package)) as database:
            known = dict(database.execute("SELECT ls_id, count(*) FROM series GROUP BY ls_id"))
        same = sum(found["drawn"][ls_id] == known.get(ls_id, 0) for ls_id in found["drawn"])
        measured = f"{same} of {len(found['drawn'])} landslides, {sum(found['drawn'].values())} dates"
        goal = "every date of every landslide"
        yield row(f"{what}: series in the map tip", measured, COMMAND, goal, same == len(found["drawn"]) > 0)
    if found["opens"]:
        there = sum(Path(path).is_file() for path in found["opens"])
        measured = f"{there} of {len(found['opens'])} files are there"
        yield row(f"{what}: sheets that landslides open", measured, COMMAND, "all", there == len(found["opens"]))


def rows(folder: Path, region: str, python: str, pictures: Path) -> Iterator[dict]:
    """A row for each project."""
    publication = source.read(source.find(region, folder))
    export.export(publication, pictures / "export", export.chosen(["qgis"]))
    package = pictures / "export" / PACKAGE
    projects = {
        "of an export": pictures / "export" / "landslides.qgz",
        "beside the report": folder / "results" / region / "report" / "region.qgs",
    }
    for words, project in projects.items():
        found = opened(project, python, pictures / f"{words.split()[-1]}.png")
        (items,) = found["layouts"].values() or [[]]
        names = sorted({one.removeprefix("QgsLayoutItem") for one in items})
        good = found["read"] and not found["invalid"] and found["printed"] and names == ITEMS
        printed = "printed" if found["printed"] else "not printed"
        valid = f"{len(found['valid'])} of {len(found['valid']) + len(found['invalid'])} layers valid"
        measured = f"{valid}, {found['crs'] or 'no CRS'}, layout of {', '.join(names)} {printed}"
        right = good and found["crs"] == f"EPSG:{publication.epsg}"
        what = f"project {words} of {region}, opened by QGIS {found['version']}"
        yield row(what, measured, COMMAND, "all layers valid, CRS of the region, layout prints", right)
        yield from answers(what, found, package)


def main() -> None:
    """Measure, print, and with --record keep the rows."""
    parser = argparse.ArgumentParser(prog="python -m studies.office.projects", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("region")
    parser.add_argument("--python", default="/usr/bin/python3", help="the Python that has PyQGIS")
    parser.add_argument("--pictures", type=Path, help="folder where printed layouts stay")
    parser.add_argument("--record", action="store_true", help="put the rows into the record and its page")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        kept = (chosen.pictures or Path(place)).resolve()
        found = list(rows(chosen.folder.resolve(), chosen.region, chosen.python, kept))
    keep_or_tell(found, put, chosen.record)


if __name__ == "__main__":
    main()
