"""Where the files of a region lie: path patterns with wildcards.

These are `{stack}`, `{frame}`, `{date}`, `{pair}` and, of networks, `{model}`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

# Folders of layers of the ground.
GROUND = ("terrain", "optical", "lithology")
# Files of a pair below `ifg/`, by the word that rules and scripts use for them.
PAIR_FILES = {
    "wrapped": "wrapped_rad.tif",
    "unwrapped": "unw_rad.tif",
    "conncomp": "conncomp.tif",
    "coherence": "cor.tif",
    "sidecars": "json",
}
BESIDE_SHAPEFILE = (".shx", ".dbf", ".prj", ".cpg")


@dataclass(frozen=True)
class Paths:
    """Path patterns of one region, relative to the working folder.

    Attributes
    ----------
    region, engine, method, model : str
        Names as in the configuration; `model` is what maps the inventory.
    """

    region: str
    engine: str
    method: str
    model: str

    @property
    def resources(self) -> str:
        """Folder of what is downloaded or simulated."""
        return f"resources/{self.region}"

    @property
    def results(self) -> str:
        """Folder of what is computed."""
        return f"results/{self.region}"

    @property
    def truth(self) -> str:
        """Folder of the planted truth of a simulated region."""
        return f"{self.resources}/truth"

    @property
    def stack(self) -> str:
        """Folder of a stack in one frame: the engine contract and all that follows from it."""
        return f"{self.results}/{{stack}}/{{frame}}/{self.engine}"

    @property
    def rates(self) -> str:
        """Folder of the rates of the configured method."""
        return f"{self.stack}/{self.method}"

    @property
    def networks(self) -> str:
        """Folder of the maps of all networks."""
        return f"{self.rates}/segment"

    @property
    def segment(self) -> str:
        """Folder of the maps of the network of the inventory."""
        return f"{self.networks}/{self.model}"

    @property
    def resampled(self) -> str:
        """Folder of the layers of a stack on the grid of the products."""
        return f"{self.rates}/resampled"

    def window(self, name: str) -> str:
        """Folder of the rates over a part of the dates.

        Parameters
        ----------
        name : str
            A key of `rates.windows`, or the wildcard `{window}`.

        Returns
        -------
        str
            The folder.
        """
        return f"{self.stack}/windows/{name}"

    def ground(self, name: str) -> str:
        """Folder of layers of the ground of a frame.

        Parameters
        ----------
        name : str
            `terrain`, `optical` or `lithology`.

        Returns
        -------
        str
            The folder.
        """
        return f"{self.results}/{name}/{{frame}}"

    def product_ground(self, name: str) -> str:
        """The same for layers that are made on the grid of the products.

        Parameters
        ----------
        name : str
            `terrain`, `optical` or `lithology`.

        Returns
        -------
        str
            The folder.
        """
        return f"{self.results}/product/{name}/{{frame}}"

    @property
    def terrain(self) -> str:
        """Folder of the terrain layers of a frame."""
        return self.ground("terrain")

    @property
    def smallest_speed(self) -> str:
        """Folder of the smallest speeds that any track sees in a frame."""
        return f"{self.results}/smallest_speed/{{frame}}"

    @property
    def east_up(self) -> str:
        """Folder of east and up rates of a frame."""
        return f"{self.results}/east_up/{{frame}}"

    @property
    def inventory(self) -> str:
        """Folder of the inventory: candidates, pointer and releases of the whole region."""
        return f"{self.results}/inventory"

    def of_frame(self, stack: str, frame: str, *parts: str) -> str:
        """Path of a file of one stack in one frame.

        Parameters
        ----------
        stack, frame : str
            Names of the stack and of the frame.
        *parts : str
            Folders and file name below the engine's folder.

        Returns
        -------
        str
            The path.
        """
        return "/".join((self.results, stack, frame, self.engine, *parts))

    def pair_files(self, stack: str, frame: str, pairs: Iterable[str], kind: str) -> list[str]:
        """Files of one kind, one a pair.

        Parameters
        ----------
        stack, frame : str
            Names of the stack and of the frame.
        pairs : iterable of str
            Names of the pairs; the files come in their order.
        kind : str
            A key of `PAIR_FILES`.

        Returns
        -------
        list of str
            The paths.
        """
        folder, ending = self.of_frame(stack, frame, "ifg"), PAIR_FILES[kind]
        return [f"{folder}/{pair}.{ending}" for pair in pairs]

    def slc(self, stack: str, date: str) -> str:
        """Folder with the product of one date and its orbit file.

        Parameters
        ----------
        stack, date : str
            Names, or the wildcards `{stack}` and `{date}`.

        Returns
        -------
        str
            The path.
        """
        return f"{self.resources}/slc/{stack}/{date}"


def layer_files(folder: str, layers: Iterable[str]) -> dict[str, str]:
    """Paths of layers in a folder.

    Parameters
    ----------
    folder : str
        A path or a pattern of paths.
    layers : iterable of str
        Names of `sarslide.layers`.

    Returns
    -------
    dict of str to str
        Path by layer.
    """
    return {layer: f"{folder}/{layer}.tif" for layer in layers}


def with_parts(path: str) -> list[str]:
    """A file and those beside it that it consists of.

    Parameters
    ----------
    path : str
        The file.

    Returns
    -------
    list of str
        The file first; of a Shapefile also its parts that there are.
    """
    beside = [Path(path).with_suffix(suffix) for suffix in BESIDE_SHAPEFILE if path.endswith(".shp")]
    return [path, *(str(one) for one in beside if one.is_file())]
