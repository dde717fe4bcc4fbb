"""What was ordered from HyP3 and is available, by the name of the order, which decides a product.

products/<name>.order.json   id of the job
products/<name>.zip          its product
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from sarslide.catalog.hyp3_plan import Order
from sarslide.errors import DownloadError
from sarslide.insar.external import hyp3_orders
from sarslide.io import bounded
from sarslide.io.sidecar import write_json
from sarslide.io.zip import check_archive
from sarslide.retrieve.download import download
from sarslide.retrieve.retry import PAUSE_S, TRIES

FOLDER = "products"
ORDER_AGAIN = "remove it and run again; orders are not placed twice"


class Placed(BaseModel):
    """An order that was placed.

    Attributes
    ----------
    name : str
        Its name, which is also that of its product.
    job_id, job_type : str
        Id and type of the job.
    """

    name: str = Field(pattern=r"^[\w.-]{1,200}$")
    job_id: str = Field(pattern=r"^[\w-]{1,100}$")
    job_type: str = Field("", max_length=100)


def read_placed(path: str | Path) -> Placed:
    """The record of an order.

    Parameters
    ----------
    path : str or Path
        JSON with name and job id.

    Returns
    -------
    Placed
        The record.

    Raises
    ------
    DownloadError
        For a file that is none.
    """
    content = bounded.json(path, DownloadError, cure=ORDER_AGAIN)
    return bounded.typed(Placed, content, path, DownloadError, ORDER_AGAIN)


def ordered(folder: Path, order: Order, connect: Callable[[], Any], pause_s: float = PAUSE_S) -> Placed:
    """An order, placed now unless it was before.

    Parameters
    ----------
    folder : Path
        Folder that holds products/.
    order : Order
        What is ordered.
    connect : callable
        Gives HyP3's client.
    pause_s : float
        First pause between attempts, s.

    Returns
    -------
    Placed
        Name, job id and job type.

    Raises
    ------
    DownloadError
        For a record that is damaged.
    """
    path = folder / FOLDER / f"{order.name}.order.json"
    if not path.is_file():
        write_json(path, hyp3_orders.place(connect(), order, TRIES, pause_s))
    return read_placed(path)


def fetched(
    folder: Path,
    record: Placed,
    connect: Callable[[], Any],
    limit_s: float,
    first_wait_s: float = hyp3_orders.FIRST_WAIT_S,
    pause_s: float = PAUSE_S,
) -> Path:
    """The zip of an order, awaited and downloaded unless it is there.

    It is whole: its size as the job states, its members by checksum.

    Parameters
    ----------
    folder : Path
        Folder that holds products/.
    record : Placed
        The order.
    connect : callable
        Gives HyP3's client.
    limit_s : float
        Longest time that the job is awaited, s.
    first_wait_s : float
        First interval between looks, s.
    pause_s : float
        First pause between attempts, s.

    Returns
    -------
    Path
        The zip.

    Raises
    ------
    ProcessorError
        For a job that failed, expired or takes too long.
    DownloadError
        For an unavailable product.
    """
    path = folder / FOLDER / f"{record.name}.zip"
    if not path.is_file():
        job = hyp3_orders.wait(connect(), record.job_id, limit_s, first_wait_s, TRIES, pause_s)
        url, _, size = hyp3_orders.product_file(job)
        incoming = path.with_name(f"{path.stem}.incoming")
        check_archive(download(url, incoming, size, TRIES, pause_s), deep=True)
        incoming.rename(path)
    return path
