"""Order InSAR jobs from ASF's HyP3 through hyp3-sdk and wait for them.

Job types and parameters: hyp3-docs (using/api.md). Jobs of HyP3 are publicly visible.
"""

import logging
import re
import time
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from sarslide import extras
from sarslide.catalog.hyp3_plan import MULTI_BURST, SINGLE_BURST, Order
from sarslide.errors import CredentialsError, DownloadError, ProcessorError
from sarslide.io import bounded
from sarslide.retrieve.credentials import read_token
from sarslide.retrieve.http import bound
from sarslide.retrieve.retry import PAUSE_S, TRIES, TransientError, retry_or_fail

log = logging.getLogger(__name__)

FIRST_WAIT_S, LONGEST_WAIT_S = 30.0, 600.0
TOKEN_CURE = "put an Earthdata Login token there, or set hyp3.token to netrc"


class JobFacts(BaseModel):
    """What a job must state wherever it is looked for."""

    model_config = ConfigDict(from_attributes=True)
    job_id: str = Field(pattern="^[A-Za-z0-9-]{1,100}$")
    name: str | None = Field(max_length=200)
    status_code: Literal["PENDING", "RUNNING", "SUCCEEDED", "FAILED"]


class ProductFile(BaseModel):
    """A file of a job, as HyP3 lists it."""

    filename: str = Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.\-]{0,199}\.zip$")
    url: str = Field(pattern=r"^https?://[\x21-\x7e]{1,4000}$")
    size: int = Field(gt=0, le=1 << 40)


def connect(api_url: str, credentials: str) -> Any:
    """HyP3's client.

    Parameters
    ----------
    api_url : str
        Address of HyP3.
    credentials : str
        "netrc", "env:NAME" (a variable that holds an Earthdata Login token) or "file:PATH" (its
        file).

    Returns
    -------
    hyp3_sdk.HyP3
        The client.

    Raises
    ------
    CredentialsError
        Which names the reference and never what it holds.
    DownloadError
        When the login does not answer.
    """
    extras.require("hyp3_sdk", "source hyp3")
    import requests
    from hyp3_sdk import HyP3
    from hyp3_sdk.exceptions import AuthenticationError

    token = read_token(credentials, TOKEN_CURE) or None
    try:
        client = HyP3(api_url, token=token)
        bound(client.session)
        return client
    except AuthenticationError:
        raise CredentialsError(
            f"{credentials}: Earthdata Login does not accept it", "correct ~/.netrc (machine urs.earthdata.nasa.gov)"
        ) from None
    except requests.RequestException as error:
        raise DownloadError(f"Earthdata Login does not answer ({type(error).__name__})", "run again later") from None


def place(client: Any, order: Order, tries: int = TRIES, pause_s: float = PAUSE_S) -> dict[str, Any]:
    """Place an order, unless one of its name is there that has not failed or expired.

    Parameters
    ----------
    client : hyp3_sdk.HyP3
        The client.
    order : Order
        What is ordered.
    tries : int
        Attempts while failures may pass.
    pause_s : float
        First pause between them, s.

    Returns
    -------
    dict
        Name, id and type of the job.
    """

    def attempt() -> Any:
        known = [
            job for job in _called(lambda: client.find_jobs(name=order.name)) if not (job.failed() or job.expired())
        ]
        if known:
            log.info("%s is ordered already, job %s", order.name, known[0].job_id)
            return known[0]
        return _called(lambda: client.submit_prepared_jobs(_prepared(client, order)))[0]

    job = _checked(_retried(attempt, tries, pause_s))
    return {"name": order.name, "job_id": job.job_id, "job_type": job.job_type}


def _prepared(client: Any, order: Order) -> dict[str, Any]:
    common = {"name": order.name, "looks": order.looks, "apply_water_mask": order.water_mask}
    if order.job_type == MULTI_BURST:
        return client.prepare_insar_isce_multi_burst_job(list(order.earlier), list(order.later), **common)
    if order.job_type == SINGLE_BURST:
        return client.prepare_insar_isce_burst_job(order.earlier[0], order.later[0], **common)
    return client.prepare_insar_job(
        order.earlier[0],
        order.later[0],
        **common,
        include_look_vectors=True,
        include_inc_map=True,
        include_wrapped_phase=True,
    )


def wait(
    client: Any,
    job_id: str,
    limit_s: float,
    first_wait_s: float = FIRST_WAIT_S,
    tries: int = TRIES,
    pause_s: float = PAUSE_S,
) -> Any:
    """Await a job, looking for it at intervals that grow to ten minutes.

    Parameters
    ----------
    client : hyp3_sdk.HyP3
        The client.
    job_id : str
        Id of the job.
    limit_s : float
        Longest time, s.
    first_wait_s : float
        First interval, s.
    tries : int
        Attempts of each look while failures may pass.
    pause_s : float
        First pause between them, s.

    Returns
    -------
    hyp3_sdk.Job
        The job, which has succeeded.

    Raises
    ------
    ProcessorError
        For a job that failed, whose product has expired, or that is not done after `limit_s`.
    """
    end, interval, status = time.monotonic() + limit_s, first_wait_s, None
    while True:
        job = _checked(_retried(lambda: _called(lambda: client.get_job_by_id(job_id)), tries, pause_s))
        if job.status_code != status:
            status = job.status_code
            log.info("job %s: %s", job_id, status)
        if job.failed():
            raise ProcessorError(
                f"HyP3 job {job_id} ({job.name}) failed",
                f"see {(job.logs or ['its log at HyP3'])[0]}; {_again(job)}",
            )
        if job.expired():
            raise ProcessorError(
                f"HyP3 job {job_id} ({job.name}): its product expired on {job.expiration_time:%Y-%m-%d}",
                _again(job),
            )
        if job.succeeded():
            return job
        left = end - time.monotonic()
        if left <= 0:
            raise ProcessorError(
                f"HyP3 job {job_id} ({job.name}) is {status} after {limit_s / 3600:g} h",
                "run again later, or raise hyp3.wait_h",
            )
        time.sleep(min(interval, left))
        interval = min(interval * 1.5, LONGEST_WAIT_S)


def _again(job: Any) -> str:
    return f"to order it anew, remove products/{job.name}.order.json and the pair's order.json and run again"


def product_file(job: Any) -> tuple[str, str, int]:
    """The zip of a job that has succeeded.

    Parameters
    ----------
    job : hyp3_sdk.Job
        The job.

    Returns
    -------
    tuple
        Address, name and bytes.

    Raises
    ------
    ProcessorError
        For a job without exactly one.
    """
    files = job.files if isinstance(job.files, list) else []
    zips = [one for one in files if isinstance(one, dict) and str(one.get("filename")).endswith(".zip")]
    if len(zips) != 1:
        raise ProcessorError(f"HyP3 job {job.job_id} lists {len(zips)} zips", _again(job))
    found = bounded.typed(ProductFile, zips[0], f"HyP3 job {job.job_id}", ProcessorError, _again(job))
    return found.url, found.filename, found.size


def _checked(job: Any) -> Any:
    """A job of the client, whose id and state are such."""
    bounded.typed(JobFacts, job, "HyP3", DownloadError, "run again later; check hyp3.api_url")
    return job


def _retried(work: Any, tries: int, pause_s: float) -> Any:
    return retry_or_fail("HyP3", work, tries, pause_s, "run again later; orders are not placed twice")


def _called(call: Any) -> Any:
    """Result of a call of the client.

    Failures that may pass become TransientError, the others coded errors.
    """
    import requests
    from hyp3_sdk.exceptions import HyP3Error, HyP3SDKError, ServerError, ServiceUnavailableError

    try:
        return call()
    except (ServerError, ServiceUnavailableError):
        raise TransientError("the server fails") from None
    except requests.RequestException as error:
        raise TransientError(f"the connection failed ({type(error).__name__})") from None
    except HyP3Error as error:
        code = re.search(r"\[(\d{3})\]", str(error))
        status = int(code[1]) if code else 0
        message = bounded.shown(str(error).partition("> ")[2] or error)
        if status in (408, 429):
            raise TransientError(f"the server answers {status}") from None
        if status in (401, 403):
            raise CredentialsError(
                f"HyP3 answers {status}: {message}", "check hyp3.token and the account's access"
            ) from None
        raise DownloadError(
            f"HyP3 answers {status}: {message}", "correct the order; see scenes.csv and the section hyp3"
        ) from None
    except HyP3SDKError as error:
        raise DownloadError(f"HyP3: {bounded.shown(error)}", "run again later") from None
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        raise DownloadError(
            f"HyP3: the answer lists no job ({type(error).__name__})", "run again later; check hyp3.api_url"
        ) from None
