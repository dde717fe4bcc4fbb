"""Hostile and broken answers of archives: ASF's records, Copernicus, HyP3, the pages of servers."""

import gzip
import io
import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from sarslide.catalog import asf, copernicus
from sarslide.catalog.granule import Granule
from sarslide.errors import DownloadError
from sarslide.insar.external import hyp3_orders
from sarslide.io.bounded import parsed_json
from sarslide.retrieve.http import get_json
from tests.hostile.changed import changed
from tests.hostile.support import SECRET

SLC = "S1B_IW_SLC__1SDV_20180815T151543_20180815T151610_012275_0169E6_6BD3"
BURST: dict[str, Any] = {
    "TemporalExtent": {
        "RangeDateTime": {
            "BeginningDateTime": "2018-08-15T15:15:59.530553Z",
            "EndingDateTime": "2018-08-15T15:16:02.652943Z",
        }
    },
    "OrbitCalculatedSpatialDomains": [{"OrbitNumber": 12275}],
    "GranuleUR": "S1_372326_IW3_20180815T151558_VV_6BD3-BURST",
    "AdditionalAttributes": [
        {"Name": name, "Values": [value]}
        for name, value in {
            "ASCENDING_DESCENDING": "DESCENDING",
            "AZIMUTH_TIME": "2018-08-15T15:15:58.385550",
            "BURST_ID_RELATIVE": "372326",
            "BYTE_LENGTH": "147215404",
            "PATH_NUMBER": "174",
            "POLARIZATION": "VV",
            "SUBSWATH_NAME": "IW3",
        }.items()
    ],
    "ProviderDates": [{"Type": "Insert", "Date": "2023-06-16T01:24:43Z"}],
    "RelatedUrls": [{"URL": f"https://sentinel1-burst.asf.alaska.edu/{SLC}/IW3/VV/5.tiff", "Type": "USE SERVICE API"}],
    "Platforms": [{"ShortName": "SENTINEL-1B"}],
    "PGEVersionClass": {"PGEVersion": "002.91"},
}
SCENE: dict[str, Any] = BURST | {
    "GranuleUR": f"{SLC}-SLC",
    "TemporalExtent": {
        "RangeDateTime": {
            "BeginningDateTime": "2018-08-15T15:15:43.000000Z",
            "EndingDateTime": "2018-08-15T15:16:10.000000Z",
        }
    },
    "AdditionalAttributes": [
        {"Name": name, "Values": [value]}
        for name, value in {
            "ASCENDING_DESCENDING": "DESCENDING",
            "BYTES": "4300000000",
            "MD5SUM": "0" * 32,
            "PATH_NUMBER": "174",
            "POLARIZATION": "VV+VH",
        }.items()
    ],
    "RelatedUrls": [{"URL": f"https://datapool.asf.alaska.edu/SLC/SB/{SLC}.zip", "Type": "GET DATA"}],
}
PRODUCT: dict[str, Any] = {
    "Name": f"{SLC}.SAFE",
    "Id": "21db46df-3991-4700-a454-dd91b6f2217a",
    "ContentLength": 4300000000,
    "ContentDate": {"Start": "2018-08-15T15:15:43.000000Z", "End": "2018-08-15T15:16:10.000000Z"},
    "PublicationDate": "2018-08-15T19:00:00Z",
    "Attributes": [{"Name": "processorVersion", "Value": "002.91"}],
}
JOB: dict[str, Any] = {
    "job_id": "a-b-c",
    "job_type": "INSAR_ISCE_BURST",
    "name": "sarslide-D174-20180815_20180827-00000000",
    "request_time": "2024-01-01T00:00:00+00:00",
    "status_code": "SUCCEEDED",
    "user_id": "somebody",
    "expiration_time": "2024-01-15T00:00:00+00:00",
    "files": [{"filename": "S1_product.zip", "size": 1000, "url": "https://hyp3.example/S1_product.zip"}],
}
ODDITIES: tuple[Any, ...] = (
    None,
    [],
    {},
    "",
    "x" * 5000,
    -1,
    10**300,
    True,
    ["NaT"],
    "2018-99-99T00:00:00",
    "../../x",
    "٢٠١٨",
)


def of_burst(text: str) -> Granule:
    return asf.burst_of(parsed_json(text, "the answer", DownloadError))


def of_scene(text: str) -> Granule:
    return asf.scene_of(parsed_json(text, "the answer", DownloadError), {})


def of_product(text: str) -> Granule:
    record = parsed_json(text, "the answer", DownloadError)
    return copernicus.scene_of(record, "D174", "https://download.example/odata/v1", {})


def of_job(text: str) -> tuple[str, str, int]:
    from hyp3_sdk import Job

    content = parsed_json(text, "the answer", DownloadError)
    job = hyp3_orders._called(lambda: Job.from_dict(content))
    return hyp3_orders.product_file(hyp3_orders._checked(job))


READERS = {
    "burst of ASF": (BURST, of_burst),
    "scene of ASF": (SCENE, of_scene),
    "product of Copernicus": (PRODUCT, of_product),
    "job of HyP3": (JOB, of_job),
}


class Server:
    """In place of a session: one answer, without a network."""

    def __init__(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.body, self.status, self.headers = body, status, headers

    def get(self, url: str, **_: object) -> Any:
        import requests
        from urllib3 import HTTPResponse

        answer = requests.Response()
        answer.raw = HTTPResponse(io.BytesIO(self.body), self.headers, self.status, preload_content=False)
        answer.status_code, answer.url = self.status, url
        answer.headers.update(self.headers)
        return answer


PAGES = {
    "no JSON": Server(b"<html></html>"),
    "empty": Server(b""),
    "cut": Server(b'{"value": [', **{"Content-Length": "100"}),
    "Latin-1": Server('{"a": "é"'.encode("latin-1")),
    "nested without an end": Server(b"[" * 1_000_000),
    "a number of 5,000 digits": Server(b"[" + b"9" * 5000 + b"]"),
    "infinite": Server(b'{"bytes": Infinity}'),
    "65 MB": Server(b'"' + b"x" * (65 << 20) + b'"'),
    "a bomb of gzip": Server(gzip.compress(b" " * (80 << 20), 1), **{"Content-Encoding": "gzip"}),
    "gzip that is none": Server(b"words", **{"Content-Encoding": "gzip"}),
    "not found": Server(b"", 404),
    "failing": Server(b"", 503, **{"Retry-After": "9" * 400}),
    "teapot": Server(b"", 418),
}


def pages(answers: list[Any]) -> list[dict]:
    """What Copernicus lists, page after page; the last answer again and again."""
    held = copernicus.get_json
    copernicus.get_json = lambda *_, **__: answers.pop(0) if len(answers) > 1 else answers[0]
    try:
        return copernicus.ODataCatalogue("https://catalogue.example/odata/v1", 1, 1, 0).everything("Products", [])
    finally:
        copernicus.get_json = held


LISTS: dict[str, list[Any]] = {
    "a list": [[]],
    "text": ["words"],
    "no list in it": [{"value": {}}],
    "a next page elsewhere": [{"value": [], "@odata.nextLink": f"https://user:{SECRET}@elsewhere.example/odata/v1"}],
    "a next page that is a file": [{"value": [], "@odata.nextLink": "file:///etc/passwd"}],
    "a next page of no port": [{"value": [], "@odata.nextLink": "https://catalogue.example:x/odata"}],
    "a next page that is a number": [{"value": [], "@odata.nextLink": 5}],
    "pages without an end": [{"value": [], "@odata.nextLink": "https://catalogue.example/odata/v1/Products?$skip=0"}],
}


def places(record: Any, path: tuple = ()) -> Iterator[tuple]:
    """Paths of all entries of a record."""
    entries = record.items() if isinstance(record, dict) else enumerate(record) if isinstance(record, list) else ()
    for key, value in entries:
        yield (*path, key)
        yield from places(value, (*path, key))


def replaced(record: Any, path: tuple, value: Any) -> Any:
    """The record with another value at a path."""
    copy = json.loads(json.dumps(record))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return copy


def cases(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Name and call of each."""
    for name, server in PAGES.items():
        address = f"https://user:{SECRET}@archive.example/v1?token={SECRET}"
        yield f"page: {name}", partial(get_json, address, None, session=server, tries=1)
    for name, answers in LISTS.items():
        yield f"pages of Copernicus: {name}", partial(pages, answers)
    for kind, (record, reader) in READERS.items():
        for value in (None, [], "words", 5, {}, [record]):
            yield f"{kind}: {str(value)[:10]}", partial(reader, json.dumps(value))
        for k, path in enumerate(places(record)):
            odd = ODDITIES[k % len(ODDITIES)]
            yield (
                f"{kind}: {'.'.join(map(str, path))} = {str(odd)[:10]}?",
                partial(reader, json.dumps(replaced(record, path, odd))),
            )
        for name, content in changed(json.dumps(record, indent=1), 16, len(kind)):
            yield f"mutation of {kind}: {name}?", partial(reader, content.decode(errors="replace"))
    if real := os.environ.get("SARSLIDE_REAL_DATA"):
        import yaml

        text = (Path(real) / "catalogue/SLC_BURST.yml").read_text()
        umm = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))["umm"]
        for name, content in changed(json.dumps(umm, indent=1), 48, 9):
            yield f"mutation of a recorded burst: {name}?", partial(of_burst, content.decode(errors="replace"))
