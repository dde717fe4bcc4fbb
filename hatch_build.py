"""Hatchling runs this as it builds: it lays the workflow into the wheel, in sarslide/bundle."""

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PARTS = ["Snakefile", "rules", "envs", "profiles", "workflow_scripts", "studies", "config.yaml", "config.schema.json"]


class Bundle(BuildHookInterface):
    """Lays the parts of the workflow that are no package of `src` into a wheel."""

    def initialize(self, version: str, build_data: dict) -> None:
        """Add the parts, but not to an editable install, which finds them in the checkout.

        Parameters
        ----------
        version : str
            "standard" or "editable".
        build_data : dict
            What Hatchling is told; changed in place.
        """
        if version == "standard":
            build_data["force_include"].update({part: f"sarslide/bundle/{part}" for part in PARTS})
