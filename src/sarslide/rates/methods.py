"""The rate methods, one row each.

Read by configuration, network check, rules, scores, forecast and report.

A new method is a row here, a rule file `rules/rates/NAME.smk` and the script of each of its rules.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Method:
    """How a method turns the unwrapped pairs of a stack into rate layers.

    Attributes
    ----------
    name : str
        As in `rates.method`; also the folder of its layers.
    title : str
        As in the report.
    rules : tuple of str
        Its rules in their order: their code decides the content of a release.
    sections : tuple of str
        Sections of the configuration, beside `rates`, that decide its results.
    programs : str
        Where the outside programs that it starts are looked for, `module:function`; empty: none.
        The function takes the configuration and returns, by program, what finds it or raises.
    has_series : bool
        Whether it leaves a displacement time series of every cell (`timeseries.nc`).
    needs_connected : bool
        Whether all dates of a stack must be connected by its network of pairs.
    takes_atmosphere : bool
        Whether `rates.atmosphere` changes its rates.
    takes_weighting : bool
        Whether `rates.weighting` changes its rates.
    takes_reference_mode : bool
        Whether `rates.reference_mode` changes its rates.
    corrects_dates : bool
        Whether it removes the height-correlated atmosphere of each date (or that of `sbas.era5`)
        instead of that of each pair.
    predicts_error : bool
        Whether the error of its rates can be predicted from the atmosphere and the coherence of a
        simulated region; else the formal error stands for it in the scores.
    """

    name: str
    title: str
    rules: tuple[str, ...]
    sections: tuple[str, ...] = ()
    programs: str = ""
    has_series: bool = False
    needs_connected: bool = False
    takes_atmosphere: bool = False
    takes_weighting: bool = False
    takes_reference_mode: bool = False
    corrects_dates: bool = False
    predicts_error: bool = False


DEFAULT = "stacking"  # of the configuration
METHODS = {
    method.name: method
    for method in (
        Method(
            name="stacking",
            title="Stacking",
            rules=("stack_rates",),
            takes_atmosphere=True,
            takes_weighting=True,
            takes_reference_mode=True,
            predicts_error=True,
        ),
        Method(
            name="sbas",
            title="SBAS",
            rules=("sbas",),
            sections=("sbas",),
            has_series=True,
            needs_connected=True,
        ),
        Method(
            name="mintpy",
            title="MintPy",
            rules=("mintpy_load", "mintpy_step", "mintpy_read"),
            sections=("sbas",),
            programs="sarslide.rates.mintpy.steps:programs",
            has_series=True,
            needs_connected=True,
            corrects_dates=True,
        ),
    )
}
