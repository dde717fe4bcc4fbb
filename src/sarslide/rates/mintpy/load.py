"""From the engine contract to MintPy's input, referenced to the area of the other methods."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from sarslide.grid import RegionGrid
from sarslide.rates.mintpy import files as mintpy_files
from sarslide.rates.mintpy import steps as mintpy
from sarslide.rates.preparation import Preparation, ReadBlock, inversion_blocks, quality
from sarslide.rates.sbas.network import connected_cells


def load(
    folder: Path,
    prepared: Preparation,
    read_block: ReadBlock,
    bperp_m: Sequence[float],
    grid: RegionGrid,
    about: mintpy_files.StackMetadata,
    elevation_m: np.ndarray,
    geometry: Mapping[str, np.ndarray],
    limit_s: float,
    unwrap_errors: str = "none",
) -> dict[str, np.ndarray]:
    """Write MintPy's stack and geometry and run its network, reference and unwrapping-error steps.

    Cells whose valid pairs do not connect all dates are not handed over: MintPy would give them
    motion of least norm.

    Parameters
    ----------
    folder : Path
        Where the files come to stand.
    prepared : Preparation
        Pairs, with only the reference level to take off.
    read_block : callable
        Pair, rows, cols -> unwrapped phase (rad), coherence, components or None of the block.
    bperp_m : sequence of float
        Of the pairs of `prepared`, m, positive up and away from the track.
    grid : RegionGrid
        The region.
    about : StackMetadata
        The stack.
    elevation_m : (rows, cols) array of float
        Height, m.
    geometry : mapping of str to (rows, cols) array
        Layers of the engine contract.
    limit_s : float
        Time limit of each run of MintPy, s.
    unwrap_errors : str
        See `steps.unwrap_error_options`; cells of other components than the reference's are kept
        for it.

    Returns
    -------
    dict of str to (rows, cols) array
        mean_coherence and pair_count.

    Raises
    ------
    ProcessorError
        MintPy is absent or a step fails; `folder` then stays.
    """
    mintpy.program()
    layers = {"mean_coherence": np.full(grid.shape, np.nan), "pair_count": np.zeros(grid.shape, np.uint16)}
    with mintpy.workplace(folder, "load", ()) as place:
        mintpy_files.write_geometry(place / mintpy.GEOMETRY, grid, about, elevation_m, geometry)
        attributes = mintpy_files.attributes(grid, about, geometry, "ifgramStack", "radian")
        stack = place / mintpy.STACK
        with mintpy_files.create_stack(stack, prepared.pairs, bperp_m, grid.shape, attributes) as put:
            for block in inversion_blocks(grid.shape, prepared.pairs):
                phase, coherence, components = prepared.phases(read_block, *block, unwrap_errors != "none")
                layers["mean_coherence"][block], layers["pair_count"][block] = quality(phase, coherence)
                phase[:, ~connected_cells(np.isfinite(phase), prepared.pairs)] = np.nan
                put(*block, phase, coherence, components)
        row, col = prepared.ground.reference.nearest_cell
        mintpy_files.set_reference_cell(stack, row, col)
        options = {"mintpy.reference.yx": f"{row},{col}"} | mintpy.unwrap_error_options(unwrap_errors)
        mintpy.run(place, "modify_network", "reference_point", options, [mintpy.STACK], limit_s)
        if unwrap_errors != "none":
            mintpy.run(place, "correct_unwrap_error", "correct_unwrap_error", options, [mintpy.STACK], limit_s)
        mintpy.deliver(place, folder, [mintpy.STACK, mintpy.GEOMETRY])
    return layers
