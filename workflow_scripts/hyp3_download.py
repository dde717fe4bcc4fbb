"""hyp3_download: a job of ASF's HyP3, awaited -> its product, a zip, whole and checked.

inputs: JSON of the order. outputs: JSON with the zip's path, bytes and sha256; the zip itself is
kept beside it in products/.
"""

from pathlib import Path

from sarslide.workflow.job import job
from sarslide.insar.external.hyp3_orders import connect
from sarslide.insar.external.hyp3_store import fetched, read_placed
from sarslide.io.hashes import sha256
from sarslide.io.sidecar import write_json


def main(snakemake) -> None:
    access, path = snakemake.resources, Path(snakemake.output.product)
    record = read_placed(snakemake.input.order)
    product = fetched(path.parent, record, lambda: connect(access.api_url, access.token), access.wait_s)
    about = {"file": product.relative_to(path.parent).as_posix(), "bytes": product.stat().st_size}
    write_json(path, about | {"sha256": sha256(product), "job_id": record.job_id, "name": record.name})


with job(snakemake):
    main(snakemake)
