"""The rate methods: one row each, read by configuration, network check, rules, scores, forecast and report.

A new method is a row here, a rule file `rules/rates/NAME.smk` and the script of each of its rules.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
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
    has_series : bool
        Whether it leaves a displacement time series of every cell (`timeseries.nc`).
    needs_connected : bool
        Whether the pairs of a stack must be one connected network.
    takes_atmosphere : bool
        Whether `rates.atmosphere` changes its rates.
    takes_weighting : bool
        Whether `rates.weighting` changes its rates.
    predicts_error : bool
        Whether its formal error can be predicted from coherence and atmosphere, for the scores of simulated regions.
    sections : tuple of str
        Sections of the configuration, beside `rates`, that decide its results.
    takes_reference_mode : bool
        Whether `rates.reference_mode` changes its rates.
    """

    name: str
    title: str
    rules: tuple[str, ...]
    has_series: bool
    needs_connected: bool
    takes_atmosphere: bool
    takes_weighting: bool
    predicts_error: bool
    sections: tuple[str, ...]
    takes_reference_mode: bool = False


METHODS = {
    method.name: method
    for method in (
        Method("stacking", "Stacking", ("stack_rates",), False, False, True, True, True, (), True),
        Method("sbas", "SBAS", ("sbas",), True, True, False, False, False, ("sbas",)),
        Method(
            "mintpy",
            "MintPy",
            ("mintpy_load", "mintpy_step", "mintpy_read"),
            True,
            True,
            False,
            False,
            False,
            ("sbas",),
        ),
    )
}
