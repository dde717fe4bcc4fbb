"""Nothing from outside is trusted, and no secret is written anywhere."""

import io
import os
import pickle
import struct
import zipfile
from urllib.parse import quote

import pytest
import yaml

from sarslide.config import load
from sarslide.errors import ConfigError, DownloadError, SafeError
from sarslide.retrieve.access import Access
from sarslide.retrieve.granules import RequestedGranule, retrieve
from sarslide.sentinel1.product import open_product
from sarslide.sentinel1.single_burst import open_single_burst
from tests.archive.conftest import DATES
from tests.archive.server import TOKEN, USER, WORD, Fault
from tests.workflow.conftest import Checkout

SLC = "S1A_IW_SLC__1SDV_20190306T112010_20190306T112016_026275_03351B_0000"
BURST = "S1_272955_IW2_20190306T112010_VV_0000-BURST"
ENTITIES = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c SYSTEM
"file:///etc/passwd">]><burst><manifest>&b;&c;</manifest><metadata/></burst>"""


def zipped(members: dict[str, bytes]) -> bytes:
    store = io.BytesIO()
    with zipfile.ZipFile(store, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return store.getvalue()


def bomb() -> bytes:
    blob = bytearray(zipped({f"{SLC}.SAFE/manifest.safe": b"0" * 100_000}))
    at = blob.rindex(b"PK\1\2")
    blob[at + 24 : at + 28] = struct.pack("<I", 3_000_000_000)
    return bytes(blob)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (zipped({f"{SLC}.SAFE/manifest.safe": b"x", "../../.bashrc": b"x"}), "names a path outside of it"),
        (bomb(), "would unpack from"),
        (zipped({"readme.txt": b"x"}), "holds no SAFE product"),
        (zipped({f"{SLC}.SAFE/manifest.safe": os.urandom(9000)})[:-700], "is no complete zip"),
        (pickle.dumps({"a": 1}), "is no zip file"),
        (b"<!DOCTYPE html><html>log in</html>", "is no zip file"),
    ],
    ids=["traversal", "bomb", "not a SAFE", "cut", "pickle", "web page"],
)
def test_zips_that_are_refused(archive, access, tmp_path, content, words):
    archive.files = {"/x.zip": content}
    wanted = [RequestedGranule(SLC, f"{archive.data}/x.zip")]
    with pytest.raises(DownloadError, match=f"E2002 .*{words}"):
        retrieve(wanted, tmp_path / "store", lambda: access.session("asf"), 1, 3, 0.001)
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".zip", ".part", ".bashrc")]


@pytest.mark.parametrize(
    ("xml", "tiff", "words"),
    [
        (ENTITIES, b"", r"is no readable XML \(EntitiesForbidden"),
        (b"<a/>", b"", "is no metadata of a burst"),
        (b"<burst><manifest/><metadata/></burst>", pickle.dumps([1]), "is no tiff file"),
        (b"<burst><manifest/><metadata/></burst>", b"II*\0" + bytes(200), "its samples cannot be read to the end"),
    ],
    ids=["entities", "other metadata", "pickle", "broken tiff"],
)
def test_bursts_that_are_refused(archive, access, tmp_path, xml, tiff, words):
    archive.files = {"/x.xml": xml, "/x.tiff": tiff}
    with pytest.raises(DownloadError, match=f"E2002 .*{words}"):
        retrieve(
            [RequestedGranule(BURST, f"{archive.data}/x.tiff")], tmp_path, lambda: access.session("asf"), 1, 3, 0.001
        )
    assert not list(tmp_path.glob("*.tiff"))


def test_entities_in_products_of_the_user_are_refused(tmp_path):
    (tmp_path / f"{BURST}.xml").write_bytes(ENTITIES)
    with pytest.raises(SafeError, match="E3001 .*EntitiesForbidden"):
        open_single_burst(tmp_path / f"{BURST}.tiff")
    (tmp_path / f"{SLC}.SAFE").mkdir()
    (tmp_path / f"{SLC}.SAFE" / "manifest.safe").write_bytes(ENTITIES)
    with pytest.raises(SafeError, match="E3001 .*EntitiesForbidden"):
        open_product(tmp_path / f"{SLC}.SAFE")


def test_a_secret_in_the_configuration_is_refused_and_not_shown():
    for word in ("earthdata", "copernicus"):
        with pytest.raises(ConfigError, match=f"retrieve.{word} is no reference") as caught:
            load({"region": "valley", "retrieve": {word: TOKEN}})
        assert TOKEN not in str(caught.value)


SECRETS = (WORD, TOKEN, "signed-secret", "one-time", f"{USER}:{WORD}")


def written(folder) -> dict[str, bytes]:
    """Every file below a folder, the code and what the test itself put there left out."""
    left_out = ("src", "studies", "workflow_scripts", "rules", "envs", ".venv")
    return {
        str(path): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] not in left_out and path.name != "netrc"
    }


def test_no_secret_in_anything_that_is_written(archive, tmp_path, monkeypatch):
    """The workflow searches, logs in with a password, is refused, and downloads with a token: neither secret, nor the signature
    of an address, nor a login's code is in a file, a name, the output or Snakemake's own records.
    """
    monkeypatch.setenv("BOX_TOKEN", TOKEN)
    how = archive.access(timeout_s=5.0, tries=2)
    catalog = {"archive": "asf"} | {word: how.pop(word) for word in ("search_asf", "search_copernicus")}
    how["orbit_sources"] = how["orbit_sources"].split()

    def config(earthdata: str) -> list[str]:
        grid = {"dem": "glo30", "bounds": [518000, 3207200, 519800, 3209000]}
        region = {"region": "valley", "source": "safe", "stacks": ["A128"], "grid": grid}
        content = region | {"catalog": catalog, "retrieve": how | {"earthdata": earthdata}}
        (tmp_path / "region.yaml").write_text(yaml.safe_dump(content))
        return ["region=valley"]

    (tmp_path / "checkout").mkdir()
    checkout = Checkout(tmp_path / "checkout", config("netrc"))
    run = lambda *words: checkout.snakemake(*words, "--configfile", str(tmp_path / "region.yaml"), check=False)  # noqa: E731
    outputs = []
    first = run("update_catalog")
    outputs.append(first.stdout + first.stderr)
    assert first.returncode == 0, outputs
    place = "resources/valley/slc/A128"
    archive.faults = [Fault("403", "^/cdn/")]  # after the login
    refused = run(f"{place}/{DATES[0]}")
    outputs.append(refused.stdout + refused.stderr)
    assert refused.returncode and "E2003" in outputs[-1] and "accept the licence (EULA)" in outputs[-1]
    assert any("Basic" in headers.get("Authorization", "") for _, _, headers in archive.requests)
    archive.faults = []
    config("env:BOX_TOKEN")
    second = run(f"{place}/{DATES[0]}", f"{place}/{DATES[1]}")
    outputs.append(second.stdout + second.stderr)
    assert second.returncode == 0, outputs
    folder = checkout.folder
    assert len(list((folder / place).glob("*/*.tiff"))) == 2 * len(archive.slcs[0].pieces)
    assert (folder / f"{place}/{DATES[1]}.json").is_file()
    files = written(folder) | {str(tmp_path / "region.yaml"): (tmp_path / "region.yaml").read_bytes()}
    assert any(".snakemake" in name for name in files) and any("/logs/" in name for name in files)
    for secret in SECRETS:
        for form in (secret, quote(secret)):
            assert not [name for name, content in files.items() if form.encode() in content or form in name]
            assert not any(form in text for text in outputs)
    # The search can find: the netrc that was left out has it.
    assert WORD.encode() in (tmp_path / "netrc").read_bytes() and not archive.leaks
    # Another login, address or number of tries makes nothing again.
    assert "Nothing to be done" in run(f"{place}/{DATES[0]}").stderr


def test_access_is_made_of_what_rules_pass_on(archive):
    values = type("Resources", (), archive.access(timeout_s="5.0", pause_s="0.01"))
    assert Access.of(values) == Access(**archive.access())
