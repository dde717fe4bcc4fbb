"""What was ordered from HyP3 and what has arrived, kept by the name of the order, which tells all that decides a product.

products/<name>.order.json   id of the job
products/<name>.zip          its product
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sarslide.catalog.hyp3_plan import Order
from sarslide.insar.external import hyp3_orders
from sarslide.io.sidecar import read_json, write_json
from sarslide.io.zip import check_archive
from sarslide.retrieve.download import download
from sarslide.retrieve.retry import PAUSE_S, TRIES

FOLDER = "products"


def ordered(folder: Path, order: Order, connect: Callable[[], Any], pause_s: float = PAUSE_S) -> dict[str, Any]:
    """Name, job id and job type of an order, placed now unless it was before. connect: gives HyP3's client."""
    path = folder / FOLDER / f"{order.name}.order.json"
    if not path.is_file():
        write_json(path, hyp3_orders.place(connect(), order, TRIES, pause_s))
    return read_json(path)


def fetched(
    folder: Path,
    record: dict[str, Any],
    connect: Callable[[], Any],
    limit_s: float,
    first_wait_s: float = hyp3_orders.FIRST_WAIT_S,
    pause_s: float = PAUSE_S,
) -> Path:
    """The zip of an order, awaited and downloaded unless it is there, whole: its size as the job says, its members by checksum.

    Raises ProcessorError for a job that failed, expired or takes too long, DownloadError for a product that cannot be had.
    """
    path = folder / FOLDER / f"{record['name']}.zip"
    if not path.is_file():
        job = hyp3_orders.wait(connect(), record["job_id"], limit_s, first_wait_s, TRIES, pause_s)
        url, _, size = hyp3_orders.product_file(job)
        incoming = path.with_name(f"{path.stem}.incoming")
        check_archive(download(url, incoming, size, TRIES, pause_s), deep=True)
        incoming.rename(path)
    return path
