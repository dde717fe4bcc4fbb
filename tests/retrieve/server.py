"""A server on this machine that speaks HTTP with ranges and, on request, HyP3's API; it fails on demand."""

import hashlib
import json
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Store:
    """What the server holds and does. `faults` are taken one a request: a status, "cut" (half of the body), or None for none."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.faults: list = []
        self.jobs: dict[str, dict] = {}
        self.answers: list[str] = []  # status of the jobs, one a question; the last one stays
        self.requests: list[tuple[str, str, dict]] = []
        self.posted: list[dict] = []
        self.forget_etag = False
        self.address = ""
        self.lose_answers = 0  # orders that are taken but whose answer is lost
        self.expired = False

    def job(self, job_id: str) -> dict:
        status = self.answers.pop(0) if len(self.answers) > 1 else (self.answers or ["SUCCEEDED"])[0]
        job = self.jobs[job_id] | {"status_code": status}
        if status == "SUCCEEDED":
            name = f"{job['product']}.zip"
            job["files"] = [{"filename": name, "size": len(self.files[f"/{name}"]), "url": f"{self.address}/{name}"}]
            day = -1 if self.expired else 14
            job["expiration_time"] = (datetime.now(UTC) + timedelta(days=day)).isoformat(timespec="seconds")
        return {key: value for key, value in job.items() if key != "product"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store: Store

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, status: int, body: bytes, headers: dict | None = None, cut: bool = False) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self.wfile.flush()
            self.close_connection = True

    def say(self, status: int, content: dict) -> None:
        self.answer(status, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def fault(self) -> object:
        fault = self.store.faults.pop(0) if self.store.faults else None
        if isinstance(fault, int):
            self.say(fault, {"detail": f"planted fault {fault}", "status": fault})
        return fault

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.store.requests.append(("POST", self.path, dict(self.headers)))
        if isinstance(self.fault(), int):
            return
        made = []
        for job in body["jobs"]:
            self.store.posted.append(job)
            job_id = f"job-{len(self.store.posted)}"
            request_time = datetime.now(UTC).isoformat(timespec="seconds")
            self.store.jobs[job_id] = job | {
                "job_id": job_id, "request_time": request_time, "user_id": "tester", "product": "S1_product",
                "status_code": "PENDING",
            }  # fmt: skip
            made.append({key: value for key, value in self.store.jobs[job_id].items() if key != "product"})
        if self.store.lose_answers:
            self.store.lose_answers -= 1
            self.close_connection = True
            return
        self.say(200, {"jobs": made})

    def do_GET(self) -> None:
        store = self.store
        store.requests.append(("GET", self.path, dict(self.headers)))
        fault = self.fault()
        if isinstance(fault, int):
            return
        path, _, query = self.path.partition("?")
        if path == "/jobs":
            name = dict(part.split("=") for part in query.split("&") if part).get("name")
            self.say(
                200, {"jobs": [store.job(job_id) for job_id, job in store.jobs.items() if job.get("name") == name]}
            )
        elif path.startswith("/jobs/") and path.rpartition("/")[2] in store.jobs:
            self.say(200, store.job(path.rpartition("/")[2]))
        elif path in store.files:
            self.send_file(store.files[path], fault == "cut")
        else:
            self.say(404, {"detail": "not found"})

    def send_file(self, content: bytes, cut: bool) -> None:
        tag = f'"{hashlib.md5(content).hexdigest()}"'
        headers = {} if self.store.forget_etag else {"ETag": tag}
        start = self.headers.get("Range")
        if start and self.headers.get("If-Range") in (None, tag):
            first = int(start.removeprefix("bytes=").removesuffix("-"))
            headers["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
            self.answer(206, content[first:], headers, cut)
        else:
            self.answer(200, content, headers, cut)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that left in the middle is no news."""


@contextmanager
def serving():
    """A running server's Store."""
    store = Store()
    server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"store": store}))
    store.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
