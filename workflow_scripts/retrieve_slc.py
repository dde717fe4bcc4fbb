"""retrieve_slc: granules and orbit file of a date -> resources/{region}/slc/{stack}/{date}/.

inputs: none, the rows of the scene table are params, their addresses resources. outputs: a folder
with links to what was downloaded into resources/{region}/archive/ and resources/{region}/orbits/;
sidecar with bytes and sha256 of every file.
"""

from pathlib import Path

from sarslide.workflow.job import job
from sarslide.io.hashes import sha256
from sarslide.io.sidecar import sidecar, write_json
from sarslide.retrieve.access import Access
from sarslide.retrieve.granules import RequestedGranule, assemble, retrieve, span


def main(snakemake) -> None:
    params, folder = snakemake.params, Path(snakemake.output.slc)
    access = Access.of(snakemake.resources)
    requested = [
        RequestedGranule(row["granule"], address, int(row["bytes"] or 0), row["checksum"])
        for row, address in zip(params.granules, snakemake.resources.addresses.split(), strict=True)
    ]
    session = lambda: access.session(params.archive)  # noqa: E731
    files = retrieve(requested, Path(params.store), session, access.connections, access.tries, access.pause_s)
    orbits = {
        row["orbit_file"]: span(one for one in params.granules if one["orbit_file"] == row["orbit_file"])
        for row in params.granules
    }
    sources = access.orbits()
    eofs = [sources.fetch(name, Path(params.orbit_folder), *when) for name, when in orbits.items()]
    assemble(folder, [*files, *eofs])
    about = {path.name: {"bytes": path.stat().st_size, "sha256": sha256(path)} for path in sorted(folder.iterdir())}
    write_json(
        snakemake.output.sidecar,
        sidecar("retrieve_slc", {}, {"archive": params.archive, "code": params.code}, {"files": about}),
    )


with job(snakemake):
    main(snakemake)
