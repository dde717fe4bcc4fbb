"""`python -m tests.remote.run`: the workflow with its files in S3, against a server on this machine, beside a local run.

The server is `moto_server` (pip install "moto[server,s3]", in an environment of its own, on PATH);
the plugin is snakemake-storage-plugin-s3. `--record` writes the outcome into
studies/records/operations.json, key "remote_storage".
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sarslide.io.hashes import sha256
from tests.workflow.conftest import SMALL, Checkout

SERVER = "moto_server"
BUCKET = "sarslide"
STORAGE = ["--default-storage-provider", "s3", "--default-storage-prefix", f"s3://{BUCKET}/project"]
REDUCED = ["stacks=[A128]", *SMALL]
LOGIN = {"SNAKEMAKE_STORAGE_S3_ACCESS_KEY": "test", "SNAKEMAKE_STORAGE_S3_SECRET_KEY": "test"}


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Address of a running server with an empty bucket."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with open(folder / "server.log", "w") as out:
        server = subprocess.Popen(
            [shutil.which(SERVER), "--host", "127.0.0.1", "--port", str(port)], stdout=out, stderr=subprocess.STDOUT
        )
    try:
        for _ in range(600):
            try:
                put = urllib.request.Request(f"{address}/{BUCKET}", method="PUT", headers={"Host": f"127.0.0.1:{port}"})
                urllib.request.urlopen(put, timeout=5).close()
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.5)
        yield address
    finally:
        server.terminate()
        server.wait()


def bucket(address: str) -> dict[str, str]:
    """Checksum of every object, by its key."""
    import boto3

    client = boto3.client(
        "s3", endpoint_url=address, aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1"
    )
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
            for item in page.get("Contents", []):
                path = Path(folder) / "object"
                client.download_file(BUCKET, item["Key"], str(path))
                found[item["Key"]] = sha256(path)
    return found


def compare(folder: Path, config: list[str]) -> dict:
    """The same region locally and in S3: whether all rasters and the release are the same, and what lies where."""
    for name in ("local", "remote"):
        (folder / name).mkdir()
    local, remote = Checkout(folder / "local", config), Checkout(folder / "remote", config)
    inherited = [path for path in [os.environ.get("PYTHONPATH")] if path]  # where the plugin may lie
    remote.environment["PYTHONPATH"] = os.pathsep.join([remote.environment["PYTHONPATH"], *inherited])
    start = time.monotonic()
    local.snakemake()
    local_s = time.monotonic() - start
    with serving(folder) as address:
        remote.environment |= LOGIN | {"SNAKEMAKE_STORAGE_S3_ENDPOINT_URL": address}
        start = time.monotonic()
        remote.snakemake(*STORAGE)
        remote_s = time.monotonic() - start
        again = remote.snakemake(*STORAGE, "--dry-run").stdout
        objects = bucket(address)
    current = "results/valley/inventory/current.json"
    here, there = (json.loads((one.folder / current).read_text()) for one in (local, remote))
    maps = {
        f"project/{path.relative_to(local.folder)}": sha256(path)
        for path in sorted(local.folder.rglob("results/**/*.tif"))
    }
    equal = sum(objects.get(key) == digest for key, digest in maps.items())
    return {
        "config": config,
        "local_s": round(local_s),
        "remote_s": round(remote_s),
        "objects": len(objects),
        "rasters": {"made": len(maps), "equal": equal},
        "on_this_machine": sorted(
            path.relative_to(remote.folder).as_posix()
            for name in ("resources", "results")
            for path in (remote.folder / name).rglob("*")
            if path.is_file()
        ),
        "content_hash": {"local": here["content_hash"], "remote": there["content_hash"]},
        "same": equal == len(maps) > 0 and here["content_hash"] == there["content_hash"],
        "second_run": "nothing to be done" if "Nothing to be done" in again else again[-500:],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--record", action="store_true", help="write the outcome into studies/records/operations.json and .md"
    )
    asked = parser.parse_args()
    if not shutil.which(SERVER):
        sys.exit(f'{SERVER} is not on PATH: pip install "moto[server,s3]" in an environment of its own')
    with tempfile.TemporaryDirectory(prefix="sarslide-remote-") as folder:
        outcome = compare(Path(folder), REDUCED)
    print(json.dumps(outcome, indent=1))
    if asked.record:
        from operations import record

        record({"remote_storage": outcome})
    assert outcome["same"] and outcome["second_run"] == "nothing to be done"


if __name__ == "__main__":
    main()
