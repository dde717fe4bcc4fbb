"""The engines: one row each, read by configuration, scene table, rules, checks and forecast.

A new engine is a row here, a rule file `rules/engines/NAME.smk` that makes the files of the engine contract, and the script of
each of its rules. GeoTIFFs of another processor need no engine: add a row to `catalog.external_names.NAMINGS`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Engine:
    """What delivers interferograms under the engine contract.

    Attributes
    ----------
    name : str
        As in `engine`; also the folder of its files.
    title : str
        As in the report.
    sources : tuple of str
        Sources of acquisitions that it can work from, values of `source`.
    rules : tuple of str
        Its rules in their order: their code decides the content of a release.
    amplitude : bool
        Whether it sees samples, and so delivers the mean amplitude.
    unwraps : bool
        Whether it delivers unwrapped pairs itself; otherwise the rule `unwrap` makes them.
    sections : tuple of str
        Sections of the configuration that decide its results.
    """

    name: str
    title: str
    sources: tuple[str, ...]
    rules: tuple[str, ...]
    amplitude: bool
    unwraps: bool
    sections: tuple[str, ...]


SCENES = ("simulated", "safe")
ENGINES = {
    engine.name: engine
    for engine in (
        Engine(
            "native",
            "sarslide",
            SCENES,
            ("geocode_slc", "stack_geometry", "interferogram"),
            True,
            False,
            ("slc", "interferogram"),
        ),
        Engine(
            "isce2",
            "ISCE2",
            SCENES,
            ("isce2_dem", "isce2_prepare", "isce2_step", "isce2_geometry", "isce2_interferogram"),
            True,
            False,
            ("isce2", "slc", "interferogram"),
        ),
        Engine("snap", "SNAP", SCENES, ("snap_ingest", "snap_geometry"), False, True, ("snap", "slc", "interferogram")),
        Engine("hyp3", "HyP3", ("hyp3",), ("hyp3_ingest", "hyp3_geometry"), False, True, ("hyp3",)),
        Engine("files", "external interferograms", ("files",), ("ingest_files",), False, True, ("files",)),
    )
}
