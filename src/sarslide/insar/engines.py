"""The engines: one row each, read by configuration, rules, checks, forecast and report.

A new engine is a row here, a rule file `rules/engines/NAME.smk` that makes the files of the engine
contract, and the script of each of its rules; `tests/insar/test_engines.py` lists what is
forgotten. An engine of ready interferograms writes them by `external.pair.ExternalPair`. GeoTIFFs
of another processor need no engine: add a row to `catalog.external_names.NAMINGS`. `displacement`
enters the contract at the rates: a format of its products is a reader of `sarslide.displacement`,
no engine.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Engine:
    """What delivers interferograms, or rates, under the engine contract.

    Attributes
    ----------
    name : str
        As in `engine`; also the folder of its files.
    title : str
        As in the report.
    sources : tuple of str
        Sources of acquisitions that it can work from, values of `source`.
    rules : tuple of str
        Its rules in their order, whose code and keys (`config.reach`) decide the content of a
        release.
    pairs : bool
        Whether it delivers interferograms; otherwise the rates and all that `rates.method:
        delivered` has, and no rule that reads pairs is there.
    amplitude : bool
        Whether it sees samples, and so delivers the mean amplitude.
    unwraps : bool
        Whether it delivers unwrapped pairs itself; otherwise the rule `unwrap` makes them.
    reads_bursts : bool
        Whether it reads single bursts, as ASF delivers them, beside whole SLCs.
    geocodes_dates : bool
        Whether it geocodes each date on its own, before any pair.
    pair_file : str
        Pattern of the one file that a pair comes in, with {earlier} and {later}, below
        `files.folder`; empty: the files are named by `files.naming`, or there are none.
    programs : str
        Where the outside programs that it starts are looked for, `module:function`; empty: none.
        The function takes the configuration and returns, by program, what finds it or raises.
    """

    name: str
    title: str
    sources: tuple[str, ...]
    rules: tuple[str, ...]
    pairs: bool = True
    amplitude: bool = False
    unwraps: bool = False
    reads_bursts: bool = False
    geocodes_dates: bool = False
    pair_file: str = ""
    programs: str = ""

    @property
    def works_on_scenes(self) -> bool:
        """Whether it makes interferograms of Sentinel-1 products; others deliver them ready."""
        return set(SCENES) <= set(self.sources)


SCENES = ("simulated", "safe")
ENGINES = {
    engine.name: engine
    for engine in (
        Engine(
            "native",
            "sarslide",
            SCENES,
            ("geocode_slc", "stack_geometry", "mean_amplitude", "interferogram"),
            amplitude=True,
            reads_bursts=True,
            geocodes_dates=True,
        ),
        Engine(
            "isce2",
            "ISCE2",
            SCENES,
            ("isce2_dem", "isce2_prepare", "isce2_step", "isce2_geometry", "isce2_amplitude", "isce2_interferogram"),
            amplitude=True,
            programs="sarslide.insar.isce2.topsstack:programs",
        ),
        Engine(
            "snap",
            "SNAP",
            SCENES,
            ("snap_dem", "snap_interferogram", "snap_unwrap", "snap_geocode", "snap_ingest", "snap_geometry"),
            unwraps=True,
            programs="sarslide.insar.snap.gpt:programs",
        ),
        Engine(
            "hyp3",
            "HyP3",
            ("hyp3",),
            ("hyp3_order", "hyp3_download", "hyp3_ingest", "hyp3_geometry"),
            unwraps=True,
        ),
        Engine("files", "external interferograms", ("files",), ("ingest_files",), unwraps=True),
        Engine(
            "displacement",
            "displacement products",
            ("displacement",),
            ("ingest_displacement",),
            pairs=False,
            unwraps=True,
        ),
    )
}
