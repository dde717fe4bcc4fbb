"""The rate methods, one row each.

Read by configuration, network check, rules, scores, forecast and report.

A new method is a row here, a rule file `rules/rates/NAME.smk` and the script of each of its rules;
one from outside the package is `own`, a function in a file of the user's (`rates.own`).
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
        Its rules in their order, whose code and keys (`config.reach`) decide the content of a
        release. The first one reads the unwrapped pairs. Empty where it adds nothing to what every
        region makes.
    has_rates : bool
        Whether it makes rates of unwrapped pairs; otherwise the averaged phase is all there is, and
        no pair is unwrapped for the inventory.
    programs : str
        Where the outside programs that it starts are looked for, `module:function`; empty: none.
        The function takes the configuration and returns, by program, what finds it or raises.
    has_series : bool
        Whether it leaves a displacement time series of every cell (`timeseries.nc`); cells of
        products without a series are unknown there.
    needs_connected : bool
        Whether all dates of a stack must be connected by its network of pairs.
    corrects_dates : bool
        Whether it removes the height-correlated atmosphere of each date (or that of `sbas.era5`)
        instead of that of each pair.
    predicts_error : bool
        Whether the error of its rates can be predicted from the atmosphere and the coherence of a
        simulated region; else the formal error stands for it in the scores.
    """

    name: str
    title: str
    rules: tuple[str, ...] = ()
    has_rates: bool = True
    programs: str = ""
    has_series: bool = False
    needs_connected: bool = False
    corrects_dates: bool = False
    predicts_error: bool = False


DEFAULT = "stacking"  # of the configuration
DELIVERED = "delivered"  # of engines without pairs, whose rules make the rates
METHODS = {
    method.name: method
    for method in (
        Method(
            name="stacking",
            title="Stacking",
            rules=("stack_rates",),
            predicts_error=True,
        ),
        Method(
            name="sbas",
            title="SBAS",
            rules=("sbas",),
            has_series=True,
            needs_connected=True,
        ),
        Method(
            name="mintpy",
            title="MintPy",
            rules=("mintpy_load", "mintpy_step", "mintpy_read"),
            programs="sarslide.rates.mintpy.steps:programs",
            has_series=True,
            needs_connected=True,
            corrects_dates=True,
        ),
        Method(
            name="own",
            title="a method of one's own",
            rules=("own_rates",),
        ),
        Method(
            name=DELIVERED,
            title="a displacement product",
            has_series=True,
        ),
        Method(
            name="averaging",
            title="Averaged phase (nothing is unwrapped)",
            has_rates=False,
        ),
    )
}
# Those that make rates, by name.
WITH_RATES = tuple(name for name, method in METHODS.items() if method.has_rates)
