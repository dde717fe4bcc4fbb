# From pairs to rates: the averaged phase (wrapped branch), phase and LOS rates (unwrapped branch),
# a rule file a method.
from sarslide.rates.methods import METHODS


for method in METHODS:

    include: f"rates/{method}.smk"
