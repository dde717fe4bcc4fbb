"""Every fault that was found, the test that fails without its cure, and what the user sees now.

    python -m studies.trust.defects         needs SARSLIDE_REAL_DATA for the tests on real files

Runs the tests and writes a row for each fault into studies/records/trust.json.
"""

import argparse
import subprocess
import sys
from dataclasses import dataclass

from studies.structure.records import REPOSITORY
from studies.trust import put, row

COMMAND = "python -m studies.trust.defects"


@dataclass(frozen=True)
class Fault:
    """A fault of before."""

    what: str
    now: str
    tests: tuple[str, ...]


ORPHANS = "tests/workflow/test_trust.py::test_an_orphan_stops_new_runs_here_and_changes_nothing_after_one_elsewhere"
READY = "tests/catalog/test_ready_files.py::"
FAULTS = (
    Fault(
        "an orphaned job overwrites what a newer run has read",
        "E1012 with the process of the orphan, exit code 75; on another host the orphan ends with E1012 and changes nothing",
        (ORPHANS, "tests/io/test_fence.py"),
    ),
    Fault(
        "a full disk leaves a broken raster under its final name",
        "E1007 FILE: cannot be written, no space left on the disk",
        ("tests/io/test_lost_writes.py", "tests/io/test_full_disk.py"),
    ),
    Fault(
        "a flipped byte gives another answer under the same release",
        "E1013 FILE: does not have the hash that `RULE` wrote; set aside and made again; `sarslide verify`",
        ("tests/workflow/test_checksums.py",),
    ),
    Fault(
        "power loss: files of the last seconds are zero, and resume fails for good",
        "synced before it has its name; `resume` compares the outputs of the last minutes (E1013) and makes them again",
        (
            "tests/io/test_full_disk.py::test_names_and_contents_are_synced",
            "tests/workflow/test_checksums.py::test_after_a_power_loss_the_outputs_of_the_last_minutes_are_compared",
        ),
    ),
    Fault(
        "repair deletes every hidden entry beside the releases",
        "only our own unfinished names go",
        ("tests/inventory/test_release.py",),
    ),
    Fault(
        "a card with NaN, a wrong threshold or scale is taken",
        "E4001 FILE: model card: threshold = 7: Input should be less than 1",
        ("tests/models/test_weights.py", "tests/hostile/test_weights.py"),
    ),
    Fault(
        "samples that are damaged, of another type or not finite are taken",
        "E3001 FILE: holds 1 bands of uint8, not samples of an SLC (complex_int16)",
        (
            "tests/hostile/test_safe.py",
            "tests/catalog/test_catalog.py::test_a_damaged_zip_is_named_before_it_enters_the_table",
        ),
    ),
    Fault(
        "a DEM with undeclared voids, 1e38 or in feet reaches the engine",
        "E1006 FILE: heights from -32768 to 2480 m; E1006 FILE: its heights are in ft",
        ("tests/hostile/test_dem.py",),
    ),
    Fault(
        "current.json disappears while `release` fails",
        "it stays: the output of the job is release.json",
        ("tests/inventory/test_scripts.py::test_the_pointer_stays_when_the_job_fails",),
    ),
    Fault(
        "a damaged pointer, manifest or index ends in a traceback",
        "made again from the release folders, with a warning; a damaged release is E5002",
        ("tests/workflow/test_release_state.py", "tests/hostile/test_release.py"),
    ),
    Fault(
        "after a clock that was ahead runs fail without a code",
        "E1014 FILE: last changed N hours in the future; it has the present time now",
        ("tests/workflow/test_history.py", "tests/workflow/test_scheduled.py::test_old_logs_go"),
    ),
    Fault(
        "an orbit file takes minutes, or is taken in km or of another satellite",
        "E3003 FILE: a state vector of 7071 m from the centre of the Earth, Sentinel-1 has 7e+06 to 7.2e+06",
        ("tests/hostile/test_orbit.py",),
    ),
    Fault(
        "annotation and zips end in tracebacks or fill the memory",
        "E3002 FILE: swathTiming/samplesPerBurst is 1e+09, not within 16 to 50000",
        ("tests/hostile/test_safe.py", "tests/hostile/test_zip.py"),
    ),
    Fault(
        "a configuration with impossible values has no code, or no end",
        "E1001, a line for each mistake",
        ("tests/hostile/test_configuration.py",),
    ),
    Fault(
        "polygons that are swapped, infinite, or scribbles",
        "E1005 FILE: coordinates beyond 360 east or 90 north in feature 1; cure: check ... the order of its coordinates",
        ("tests/hostile/test_vector.py",),
    ),
    Fault(
        "ready interferograms and scene tables with impossible entries; pipes that never end",
        "E3007 FILE: phase up to 1e+30; E1008 scenes.csv: row 2: date = ../../x",
        ("tests/hostile/test_files.py", "tests/hostile/test_scenes.py"),
    ),
    Fault(
        "exit codes, lost records, withdrawn products, replaced orbits, copied folders",
        "78 for read-only folders; E1014, one line each; a copied folder has nothing to do",
        (
            "tests/workflow/test_history.py",
            "tests/workflow/test_scheduled.py::test_a_folder_that_cannot_be_written_is_refused_before_any_step",
            "tests/workflow/test_keys.py::test_a_copied_folder_plans_the_same_jobs",
        ),
    ),
    Fault(
        "file contents choose the driver: requests, files read elsewhere",
        "E1002, E1005: only the formats that are meant",
        ("tests/hostile/test_raster.py", "tests/hostile/test_vector.py"),
    ),
    Fault(
        "formulas for spreadsheets in CHANGES.csv and in series",
        "an apostrophe stands before them",
        ("tests/io/test_spreadsheet.py",),
    ),
    Fault(
        "logins in addresses are shown; token files that others read",
        "E1001 retrieve.stac: holds a login or a query, without its value; a warning of preflight and doctor",
        ("tests/hostile/test_credentials.py", "tests/preflight/test_logins.py"),
    ),
    Fault(
        "layover_shadow is good where nothing was acquired",
        "255 in every engine",
        ("tests/insar/test_acquired.py",),
    ),
    Fault("envs/isce2.yaml lacks shapely", "it has it", ("tests/workflow/test_environments.py",)),
    Fault(
        "tags of ready interferograms are ignored, defaults contradict them",
        "E3007 FILE: files.wavelength_m is 0.236, its tag WAVELENGTH_METRES is 0.0562356",
        ("tests/insar/external/test_sensor.py",),
    ),
    Fault(
        "ROI_PAC is taken with GAMMA's sign unseen",
        "the sign is that of the processor in the tag",
        ("tests/insar/external/test_sensor.py::test_the_sign_is_that_of_the_processor",),
    ),
    Fault("unknown baselines become 0 m", "null, and unknown", (f"{READY}test_unknown_baselines_are_null",)),
    Fault(
        "a track of another sensor is compared with Sentinel-1's repeat orbit",
        "a note of preflight",
        (f"{READY}test_a_track_of_another_sensor_is_not_compared_with_the_repeat_orbit",),
    ),
    Fault(
        "sbas.dem_error without baselines fails in its job",
        "E2001 before any job",
        (f"{READY}test_the_dem_error_needs_baselines",),
    ),
    Fault(
        "grid.margin_m = 0 fails in its job",
        "E1001 config: grid.margin_m = 0 is less than a cell of 30 m",
        (f"{READY}test_a_margin_without_a_cell",),
    ),
    Fault(
        "messages in lower case, Sentinel-1 for other sensors, -34 degrees N",
        "patterns as written; track; degrees S",
        (
            f"{READY}test_messages_keep_capitals",
            "tests/config/test_mistakes.py::test_patterns_and_values_keep_their_case",
        ),
    ),
    Fault(
        "landslides faster than the network's training are lost",
        "candidates of source velocity_threshold, reason faster_than_training",
        ("tests/inventory/test_fast_ground.py",),
    ),
)


def passes(tests: tuple[str, ...]) -> bool:
    """Whether all of these tests pass."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", *tests]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True).returncode == 0


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    found = {fault: passes(fault.tests) for fault in FAULTS}
    good = sum(found.values())
    rows = [
        row(
            "faults that were found: mended, kept by a test",
            f"{good} of {len(FAULTS)}",
            COMMAND,
            "30 of 30",
            good == 30,
        )
    ]
    for fault, met in found.items():
        rows.append(row(f"fault: {fault.what}", fault.now, f"pytest {' '.join(fault.tests)}", "its tests pass", met))
    put(rows)


if __name__ == "__main__":
    main()
