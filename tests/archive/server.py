"""Servers on loopback that speak like ASF (search, extractor, data pool, orbits), Earthdata Login, the Copernicus Data Space,
stores of DEM tiles and a STAC catalogue. Two ports, so that the login is another address than the
data.
"""

import base64
import hashlib
import json
import re
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

import numpy as np

from sarslide.sentinel1.orbit import EOF_NAME
from tests.archive import holdings
from tests.archive.holdings import Slc

USER, WORD, TOKEN = "tester", "planted-secret-word", "planted-secret-token"
ALWAYS = np.datetime64("2099-01-01", "us")
PAGE = "<!DOCTYPE html><html><body>Please log in</body></html>"


@dataclass
class Fault:
    """What goes wrong, at paths that match `where`, for the next `times` requests there."""

    kind: str
    where: str
    times: int = 1_000_000


@dataclass
class Archive:
    """What the servers hold and do. now: the archive's clock, products and orbits published later do not exist yet."""

    now: np.datetime64 = ALWAYS
    slcs: list[Slc] = field(default_factory=list)
    orbits: dict[str, tuple[bytes, np.datetime64]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    items: list[dict] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str, dict]] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    page: int = 1000
    preparing: int = 0  # requests of a burst that are answered with 202
    skew_s: float = 0.0
    tokens_live: int = 1_000_000  # uses of a token before it ends
    data: str = ""
    login: str = ""
    released: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def publish(self, folder: Path, processed: str = "", restituted: bool = True) -> Slc:
        """The product and the orbit file of a folder of a date, as it lies in resources/<region>/slc/<stack>/<date>."""
        product = next(path for path in sorted(folder.iterdir()) if path.suffix in (".SAFE", ".zip"))
        slc = holdings.slc_of(product, processed)
        self.slcs.append(slc)
        for eof in folder.glob("*.EOF"):
            created = EOF_NAME.fullmatch(eof.name)[0].partition("_OPOD_")[2][:15]
            self.orbits[eof.name] = eof.read_bytes(), _moment(created)
            if restituted:
                name, content = holdings.restituted(eof, slc.product.start)
                self.orbits[name] = content, slc.published
        return slc

    def there(self) -> list[Slc]:
        """What is published by now."""
        return [slc for slc in self.slcs if slc.published <= self.now and not slc.withdrawn]

    def fault(self, path: str) -> str:
        """The fault of a request, used up."""
        with self.lock:
            for fault in self.faults:
                if fault.times > 0 and re.search(fault.where, path):
                    fault.times -= 1
                    return fault.kind
        return ""

    def access(self, **other: object) -> dict:
        """What the section `retrieve` and the addresses of `catalog` say for this archive."""
        return {
            "earthdata": "netrc", "copernicus": "netrc", "connections": 2, "timeout_s": 5.0, "tries": 3, "pause_s": 0.01,
            "orbit_sources": "asf_bucket asf_listing copernicus", "login_earthdata": self.login,
            "cookie_asf": f"{self.data}/cookie.xml", "login_copernicus": f"{self.login}/token",
            "data_copernicus": f"{self.data}/zipper", "orbit_bucket": f"{self.data}/bucket",
            "orbit_listing": f"{self.data}/listing", "search_asf": self.data, "search_copernicus": f"{self.data}/odata",
        } | other  # fmt: skip


def _moment(stamp: str) -> np.datetime64:
    return np.datetime64(f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:11]}:{stamp[11:13]}:{stamp[13:15]}", "us")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    archive: Archive
    at_login = False

    def log_message(self, *_: object) -> None:
        pass

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string((timestamp or time.time()) + self.archive.skew_s)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        archive = self.archive
        path, _, query = self.path.partition("?")
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode() if length else ""
        archive.requests.append((self.command, self.path, dict(self.headers)))
        self.flaw = archive.fault(("LOGIN " if self.at_login else "") + path)
        if self._failed():
            return
        ask = {key: values for key, values in parse_qs(body if self.command == "POST" else query).items()}
        if self.at_login:
            self._login(path, ask)
        else:
            self._data(path, ask, body)

    # faults
    # -----------------------------------------------------------------------------------------------------------------

    def _failed(self) -> bool:
        """Answer a fault that needs no content; whether that was it."""
        if self.flaw in ("401", "403", "404", "429", "500", "503"):
            text = "You must accept the EULA" if self.flaw == "403" else f"planted fault {self.flaw}"
            self.say(int(self.flaw), json.dumps({"errors": [text]}), "application/json")
        elif self.flaw == "timeout":
            self.archive.released.wait(20)
            self.close_connection = True
        elif self.flaw == "login_page":
            self.redirect(f"{self.archive.login}/oauth/page")
        elif self.flaw == "html":
            self.say(200, PAGE, "text/html")
        elif self.flaw == "html_as_zip":
            self.say(200, PAGE, "application/zip")
        elif self.flaw == "skew":
            self.say(403, "<Error><Code>RequestTimeTooSkewed</Code></Error>", "application/xml")
        else:
            return False
        return True

    # both
    # -------------------------------------------------------------------------------------------------------------------

    def say(
        self, status: int, content: str | bytes, kind: str = "application/json", headers: dict | None = None
    ) -> None:
        body = content.encode() if isinstance(content, str) else content
        self.send_response(status)
        for name, value in ({"Content-Type": kind, "Content-Length": str(len(body))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self._send(body)

    def _send(self, body: bytes) -> None:
        if self.flaw == "cut":
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self.close_connection = True
        elif self.flaw == "drip":
            try:
                for k in range(len(body)):
                    self.wfile.write(body[k : k + 1])
                    self.wfile.flush()
                    if self.archive.released.wait(0.02):
                        break
            except OSError:
                pass
            self.close_connection = True
        else:
            self.wfile.write(body)

    def redirect(self, address: str, status: int = 302, headers: dict | None = None) -> None:
        self.say(status, "", "text/plain", {"Location": address} | (headers or {}))

    def send_file(self, content: bytes, kind: str = "application/octet-stream") -> None:
        if self.flaw == "truncated":
            content = content[: len(content) * 2 // 3]
        if self.flaw == "checksum":
            content = content[:200] + bytes(255 - one for one in content[200:216]) + content[216:]
        tag = f'"{hashlib.md5(content).hexdigest()}"'
        headers = {"ETag": tag, "Accept-Ranges": "bytes"}
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if asked and self.headers.get("If-Range") in (None, tag):
            first, last = int(asked[1]), min(int(asked[2] or len(content) - 1), len(content) - 1)
            if first >= len(content):
                self.say(416, "", "text/plain")
                return
            headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
            self.say(206, content[first : last + 1], kind, headers)
        else:
            self.say(200, content, kind, headers)

    # the login
    # --------------------------------------------------------------------------------------------------------------

    def _login(self, path: str, ask: dict) -> None:
        if path == "/oauth/authorize":
            self._authorize(ask)
        elif path == "/token":
            good = (
                ask.get("username") == [USER]
                and ask.get("password") == [WORD]
                and ask.get("client_id") == ["cdse-public"]
            )
            self.say(
                200 if good else 401,
                json.dumps({"access_token": TOKEN, "expires_in": 600} if good else {"error": "no"}),
            )
        else:
            self.say(200, PAGE, "text/html")

    def _authorize(self, ask: dict) -> None:
        shown = self.headers.get("Authorization", "")
        if not shown:
            self.say(200, PAGE, "text/html")
        elif shown == "Basic " + base64.b64encode(f"{USER}:{WORD}".encode()).decode():
            self.redirect(f"{ask['redirect_uri'][0]}?code=one-time&state={quote(ask['state'][0])}")
        else:
            self.say(401, PAGE, "text/html", {"WWW-Authenticate": "Basic"})

    # the data
    # ---------------------------------------------------------------------------------------------------------------

    def _data(self, path: str, ask: dict, body: str) -> None:
        self._watch(path)
        for prefix, work in (
            ("/search/granules.umm_json", lambda: self._search(ask)),
            ("/burst/", lambda: self._behind_login(path)),
            ("/SLC/", lambda: self._behind_login(path)),
            ("/DISP/", lambda: self._behind_login(path)),
            ("/listing/", lambda: self._listing(path)),
            ("/login", lambda: self.redirect(unquote(ask["state"][0]), headers={"Set-Cookie": "asf-urs=good; Path=/"})),
            ("/cookie.xml", self._cookie),
            ("/cdn/", lambda: self._cdn(path)),
            ("/bucket/", lambda: self._bucket(path, ask)),
            ("/odata/", lambda: self._odata(path, ask)),
            ("/zipper/", lambda: self._zipper(path)),
            ("/stac", lambda: self._stac(path, body)),
        ):
            if path.startswith(prefix):
                work()
                return
        if path in self.archive.files:
            self.send_file(self.archive.files[path])
        else:
            self.say(404, "{}")

    def _watch(self, path: str) -> None:
        """Secrets that reach an address that they are not for."""
        shown = self.headers.get("Authorization", "")
        if shown and not path.startswith(("/zipper/", "/cookie.xml")):
            self.archive.leaks.append(f"{path} {shown.split()[0]}")

    def _search(self, ask: dict) -> None:
        if short_name := ask.get("short_name"):
            found = [one for one in self.archive.items if one["umm"]["CollectionReference"]["ShortName"] in short_name]
            self.say(200, json.dumps({"hits": len(found), "took": 1, "items": found}))
            return
        attributes = dict(one.split(",", 2)[1:] for one in ask.get("attribute[]", []))
        west, south, east, north = (float(v) for v in _bounds(ask))
        begin, end = (np.datetime64(t.rstrip("Z")[:19], "us") for t in ask["temporal"][0].split(",")[:2])
        single = "SENTINEL-1_BURSTS" in ask.get("shortName", [])
        found = []
        for slc in self.archive.there():
            direction = {"A": "ASCENDING", "D": "DESCENDING"}[slc.stack[0]]
            if (direction, str(int(slc.stack[1:]))) != (attributes["ASCENDING_DESCENDING"], attributes["PATH_NUMBER"]):
                continue
            if not begin <= slc.product.start <= end:
                continue
            near = [p for p in slc.pieces if _meet(p.outline, west, south, east, north)]
            if single:
                mine = [p for p in near if p.polarisation == attributes["POLARIZATION"]]
                found += [(p.stop, holdings.burst_record(slc, p, f"{self.archive.data}/burst")) for p in mine]
            elif near:
                found.append((slc.product.stop, holdings.scene_record(slc, f"{self.archive.data}/SLC")))
        items = [
            record for _, record in sorted(found, key=lambda one: (-one[0].astype(int), one[1]["umm"]["GranuleUR"]))
        ]
        if self.flaw == "empty":
            items = []
        if self.flaw == "duplicate":
            items = [item for item in items for _ in range(2)]
        # asf_search takes a page that is not full for a broken one: it knows pages of 250 only.
        after = int(self.headers.get("CMR-Search-After") or 0)
        page = items[after : after + 250]
        hits = len(items) + (3 if self.flaw == "incomplete" else 0)
        headers = {"CMR-Hits": str(hits)} | ({"CMR-Search-After": str(after + 250)} if after + 250 < len(items) else {})
        self.say(
            200,
            json.dumps({"hits": hits, "took": 1, "items": page}),
            "application/vnd.nasa.cmr.umm_results+json",
            headers,
        )

    def _logged_in(self) -> bool:
        if "asf-urs=good" in (self.headers.get("Cookie") or ""):
            return True
        back = quote(f"{self.archive.data}/login")
        self.redirect(
            f"{self.archive.login}/oauth/authorize?client_id=x&redirect_uri={back}&state={quote(self.path)}&splash=false"
        )
        return False

    def _cookie(self) -> None:
        if self.headers.get("Authorization") == f"Bearer {TOKEN}":
            self.say(200, "<x/>", "application/xml", {"Set-Cookie": "asf-urs=good; Path=/"})
        else:
            self._logged_in()

    def _behind_login(self, path: str) -> None:
        if not self._logged_in():
            return
        if path.startswith("/burst/") and self.archive.preparing:
            self.archive.preparing -= 1
            self.say(202, "{}")
            return
        self.redirect(f"{self.archive.data}/cdn{path}?Signature=signed-secret&Expires=1", 307)

    def _cdn(self, path: str) -> None:
        kind, name = path.split("/", 3)[2:]
        if f"/{kind}/{name}" in self.archive.files:
            self.send_file(self.archive.files[f"/{kind}/{name}"])
            return
        for slc in self.archive.there():
            if kind == "SLC" and name == f"{slc.name}.zip":
                self.send_file(slc.zip(), "application/zip")
                return
            for piece in slc.pieces if kind == "burst" else []:
                if name.rpartition(".")[0] == piece.path:
                    self.send_file(slc.file(piece, name.rpartition(".")[2]))
                    return
        self.say(404, "{}")

    def _eofs(self, kind: str) -> dict[str, bytes]:
        held = {
            name: content for name, (content, when) in sorted(self.archive.orbits.items()) if when <= self.archive.now
        }
        return {} if self.flaw == "empty" else {name: content for name, content in held.items() if kind in name}

    def _listing(self, path: str) -> None:
        kind, _, name = path.removeprefix("/listing/").partition("/")
        eofs = self._eofs(kind.upper())
        if not name:
            links = "".join(f'<a href="{one}">{one}</a><br>' for one in eofs)
            self.say(200, f"<html><body>{links}</body></html>", "text/html")
        elif name in eofs and self._logged_in():
            self.send_file(eofs[name])
        elif name not in eofs:
            self.say(404, "{}")

    def _bucket(self, path: str, ask: dict) -> None:
        key = path.removeprefix("/bucket/")
        if key:
            eofs = self._eofs(key.partition("/")[0])
            name = key.partition("/")[2]
            self.send_file(eofs[name]) if name in eofs else self.say(404, "{}")
            return
        prefix, marker = ask.get("prefix", [""])[0], ask.get("marker", [""])[0]
        eofs = self._eofs(prefix.partition("/")[0])
        keys = [f"{prefix.partition('/')[0]}/{name}" for name in eofs]
        keys = [one for one in keys if one.startswith(prefix) and one > marker]
        held = keys[: self.archive.page]
        contents = "".join(
            f"<Contents><Key>{one}</Key><ETag>&quot;{hashlib.md5(eofs[one.partition('/')[2]]).hexdigest()}&quot;</ETag></Contents>"
            for one in held
        )
        more = str(len(keys) > len(held)).lower()
        self.say(
            200,
            '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<IsTruncated>{more}</IsTruncated>{contents}</ListBucketResult>",
            "application/xml",
        )

    def _odata(self, path: str, ask: dict) -> None:
        where = ask["$filter"][0]
        if path.endswith("/Bursts"):
            found = self._odata_bursts(where)
        elif "AUX_" in where:
            found = self._odata_orbits(where)
        else:
            found = self._odata_scenes(where)
        if self.flaw == "empty":
            found = []
        skip = int(ask.get("$skip", ["0"])[0])
        top = min(int(ask.get("$top", ["20"])[0]), self.archive.page)
        answer: dict = {"@odata.context": "$metadata#Products", "value": found[skip : skip + top]}
        if skip + top < len(found):
            answer["@odata.nextLink"] = (
                f"{self.archive.data}{path}?%24filter={quote(where)}&%24skip={skip + top}&%24top={top}"
            )
        self.say(200, json.dumps(answer))

    def _odata_scenes(self, where: str) -> list[dict]:
        orbit = int(re.search(r"relativeOrbitNumber' and .*?Value eq (\d+)", where)[1])
        direction = re.search(r"orbitDirection' and .*?Value eq '(\w+)'", where)[1]
        found = []
        for slc in self.archive.there():
            if (int(slc.stack[1:]), slc.stack[0]) == (orbit, direction[0]):
                found.append(
                    {
                        "Id": f"id-{hashlib.md5(slc.name.encode()).hexdigest()}", "Name": f"{slc.name}.SAFE",
                        "ContentLength": 0, "Checksum": [{}], "PublicationDate": f"{slc.published}Z",
                        "ContentDate": {"Start": f"{slc.product.start}Z", "End": f"{slc.product.stop}Z"},
                        "Attributes": [{"Name": "processorVersion", "Value": slc.product.ipf_version}],
                    }
                )  # fmt: skip
        return found

    def _odata_bursts(self, where: str) -> list[dict]:
        orbit = int(re.search(r"RelativeOrbitNumber eq (\d+)", where)[1])
        return [
            {
                "ParentProductName": f"{slc.name}.SAFE", "BurstId": p.number, "SwathIdentifier": p.swath,
                "PolarisationChannels": p.polarisation,
            }
            for slc in self.archive.there() if int(slc.stack[1:]) == orbit for p in slc.pieces
        ]  # fmt: skip

    def _odata_orbits(self, where: str) -> list[dict]:
        kind, mission = re.search(r"AUX_\w+ORB", where)[0], re.search(r"startswith\(Name,'(S1.)'", where)[1]
        before, after = (
            np.datetime64(re.search(rf"ContentDate/{word} {sign} ([^Z]+)Z", where)[1], "us")
            for word, sign in (("Start", "lt"), ("End", "gt"))
        )
        found = []
        for name, content in self._eofs(kind).items():
            begin, end = (_moment(t) for t in EOF_NAME.fullmatch(name).groups()[2:])
            if name.startswith(mission) and begin < before and end > after:
                md5 = hashlib.md5(content).hexdigest()
                found.append({"Id": f"orbit-{md5}", "Name": name, "Checksum": [{"Value": md5, "Algorithm": "MD5"}]})
        return found

    def _zipper(self, path: str) -> None:
        if self.headers.get("Authorization") != f"Bearer {TOKEN}" or self.archive.tokens_live <= 0:
            self.archive.tokens_live = 1_000_000
            self.say(401, '{"detail": "Expired signature!"}')
            return
        self.archive.tokens_live -= 1
        wanted = re.search(r"Products\(([^)]+)\)/\$value", path)[1]
        for slc in self.archive.there():
            if wanted == f"id-{hashlib.md5(slc.name.encode()).hexdigest()}":
                self.send_file(slc.zip(), "application/zip")
                return
        for content in (*self._eofs("POEORB").values(), *self._eofs("RESORB").values()):
            if wanted == f"orbit-{hashlib.md5(content).hexdigest()}":
                self.send_file(content)
                return
        self.say(404, "{}")

    def _stac(self, path: str, body: str) -> None:
        base = f"{self.archive.data}/stac"
        if path == "/stac/search":
            ask = json.loads(body)
            most = ask.get("query", {}).get("eo:cloud_cover", {}).get("lte", 100)
            first, last = ask["datetime"].split("/")
            found = [
                item
                for item in self.archive.items
                if item["properties"]["eo:cloud_cover"] <= most
                and first <= item["properties"]["datetime"] <= last
                and self.flaw != "empty"
            ]
            self.say(
                200, json.dumps({"type": "FeatureCollection", "features": found, "links": []}), "application/geo+json"
            )
        else:
            conforms = ["https://api.stacspec.org/v1.0.0/core", "https://api.stacspec.org/v1.0.0/item-search"]
            conforms += ["https://api.stacspec.org/v1.0.0/item-search#query"]
            links = [{"rel": "search", "href": f"{base}/search", "method": "POST", "type": "application/geo+json"}]
            links += [{"rel": rel, "href": base} for rel in ("self", "root")]
            about = {"type": "Catalog", "id": "box", "stac_version": "1.0.0", "description": "box", "links": links}
            self.say(200, json.dumps(about | {"conformsTo": conforms}))


def _bounds(ask: dict) -> list[str]:
    if "bounding_box" in ask:
        return ask["bounding_box"][0].split(",")
    points = [float(one) for one in ask["polygon"][0].split(",")]
    return [min(points[::2]), min(points[1::2]), max(points[::2]), max(points[1::2])]


def _meet(outline, west, south, east, north) -> bool:
    lon, lat = zip(*outline, strict=True)
    return min(lon) <= east and west <= max(lon) and min(lat) <= north and south <= max(lat)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that left in the middle is no news."""


@contextmanager
def serving(archive: Archive | None = None, ports: tuple[int, int] = (0, 0)):
    """A running Archive; its addresses are `data` and `login`. ports: of both, 0 for any that is free."""
    archive = archive or Archive()
    archive.released.clear()
    servers = []
    for word, port in zip(("data", "login"), ports, strict=True):
        handler = type("Bound", (Handler,), {"archive": archive, "at_login": word == "login"})
        server = Server(("127.0.0.1", port), handler)
        # The login has another name, too: cookies know hosts, not ports.
        setattr(archive, word, f"http://{'127.0.0.1' if word == 'data' else 'localhost'}:{server.server_address[1]}")
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
    try:
        yield archive
    finally:
        archive.released.set()
        for server in servers:
            server.shutdown()
            server.server_close()


def write_netrc(path: Path, archive: Archive, word: str = WORD) -> Path:
    """A netrc for both logins."""
    host = urlsplit(archive.login).hostname
    path.write_text(
        "".join(f"machine {one} login {USER} password {word}\n" for one in (host, "dataspace.copernicus.eu"))
    )
    path.chmod(0o600)
    return path
