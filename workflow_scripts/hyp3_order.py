"""hyp3_order: one pair -> one InSAR job of ASF's HyP3, placed once.

inputs: none. outputs: JSON with name, id and type of the job. params: the order (granules, job
type, looks, water mask). resources: the address of HyP3 and where the login is to be found.
"""

from pathlib import Path

from sarslide.workflow.job import job
from sarslide.catalog.hyp3_plan import Order
from sarslide.insar.external.hyp3_orders import connect
from sarslide.insar.external.hyp3_store import ordered
from sarslide.io.sidecar import write_json


def main(snakemake) -> None:
    access, path = snakemake.resources, Path(snakemake.output.order)
    order = Order.from_dict(dict(snakemake.params.order))
    record = ordered(path.parent, order, lambda: connect(access.api_url, access.token))
    write_json(path, record.model_dump() | {"order": order.to_dict()})


with job(snakemake):
    main(snakemake)
