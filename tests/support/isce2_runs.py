"""ISCE2 run by library calls, for the tests that compare with it; and stand-ins for its commands, for those that do not."""

import stat
import sys
from pathlib import Path

import pytest

from sarslide.errors import ProcessorError
from sarslide.grid import RegionGrid
from sarslide.insar.isce2 import topsstack as isce2
from sarslide.insar.isce2.dem import write_dem
from sarslide.insar.isce2.plan import box_of, footprint, highest, plan_date, swaths_of
from sarslide.insar.isce2.regrid import BurstCells, find_cells
from sarslide.insar.native.surface import Surface
from sarslide.sentinel1.safe import open_scene

LIMIT_S = 1800


def require_isce2() -> None:
    """Skip the test, by name, where ISCE2's commands are absent."""
    try:
        isce2.commands()
    except ProcessorError as error:
        pytest.skip(f"ISCE2 is not installed: {error.problem}")


def coregister(
    work: Path, slc: dict[str, Path], stack: str, surface: Surface, region: RegionGrid
) -> tuple[dict[str, Path], list[BurstCells]]:
    """All steps for the dates of `slc`, the first of which is the reference: work folder of each date, cells of the bursts."""
    dates = list(slc)
    reference = dates[0]
    scenes = {date: open_scene(folder, stack) for date, folder in slc.items()}
    swaths = swaths_of(scenes[reference], surface, region)
    box = footprint(scenes[reference], box_of(surface, region), swaths, highest(surface, region))
    write_dem(work / "dem.wgs84", surface, box)
    for date in dates:
        companion = dates[1] if date == reference else reference
        both = {one: slc[one] for one in (date, companion)}
        plan = plan_date(reference, both, scenes, surface, region, "")
        isce2.prepare(work / date, plan, work / "dem.wgs84", work / f"{date}.prepare.log", LIMIT_S)
        for step in isce2.OF_REFERENCE if date == reference else isce2.OF_SECONDARY:
            isce2.run_step(step, work / date, date, reference, work / f"{date}.{step}.log", LIMIT_S)
    return {date: work / date for date in dates}, find_cells(work / reference, work / "cells", region)


PREPARE = """#!{python}
import pathlib, sys
pathlib.Path("arguments").write_text("\\n".join(sys.argv[1:]))
for folder in ("run_files", "configs"):
    pathlib.Path(folder).mkdir()
for number, name in enumerate(["unpack_topo_reference", "unpack_secondary_slc", "average_baseline", "fullBurst_geo2rdr",
                               "fullBurst_resample"], 1):
    pathlib.Path(f"run_files/run_{{number:02d}}_{{name}}").write_text(f"SentinelWrapper.py -c configs/{{name}}\\n")
"""
WRAPPER = """#!{python}
import sys
exec(open(sys.argv[2]).read())
"""


def stand_ins(folder: Path) -> None:
    """Commands of topsStack's names: the first writes run files, the second runs its configuration file as Python."""
    folder.mkdir()
    for name, text in ((isce2.PREPARE, PREPARE), (isce2.WRAPPER, WRAPPER)):
        path = folder / name
        path.write_text(text.format(python=sys.executable))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
