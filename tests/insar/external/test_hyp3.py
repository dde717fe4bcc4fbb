"""HyP3: orders, waiting and downloads through hyp3-sdk, against a server that speaks its API and fails; bad products."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from sarslide.catalog.hyp3_plan import GAMMA, MULTI_BURST, SINGLE_BURST, Order, make_order
from sarslide.config import load
from sarslide.errors import (
    CatalogError,
    ConfigError,
    CredentialsError,
    DownloadError,
    InterferogramError,
    ProcessorError,
    StackError,
)
from sarslide.grid import RegionGrid
from sarslide.insar.external import hyp3, hyp3_orders, hyp3_store
from tests.retrieve.server import serving
from tests.support import engine_products as products
from tests.support.contract_check import broken
from tests.support.engine_products import EARLIER, GRID, LATER, PAIR, STACK
from tests.support.engine_runs import OF_PAIR, geometry_of, of_pair
from tests.support.rule_jobs import run_script

SECRET = "eyJ0eXAiOiJKV1QiLCJvcmlnaW4i-planted-secret"
BURSTS = {
    EARLIER: [f"S1_136232_IW2_{EARLIER}T111303_VV_7C85-BURST", f"S1_136231_IW2_{EARLIER}T111300_VV_7C85-BURST"],
    LATER: [f"S1_136231_IW2_{LATER}T111301_VV_5D11-BURST", f"S1_136232_IW2_{LATER}T111304_VV_5D11-BURST"],
}
SCENES = {date: [f"S1A_IW_SLC__1SDV_{date}T111300_{date}T111327_026215_02EDB3_1234"] for date in (EARLIER, LATER)}
ONE = {date: granules[:1] for date, granules in {EARLIER: BURSTS[EARLIER][1:], LATER: BURSTS[LATER]}.items()}


def order(granules=BURSTS, job_type=MULTI_BURST, looks="10x2", water_mask=False) -> Order:
    return make_order(STACK, PAIR, granules, job_type, looks, water_mask)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("HYP3_TEST_TOKEN", SECRET)
    with serving() as store:
        yield store


def connect(server):
    return hyp3_orders.connect(server.address, "env:HYP3_TEST_TOKEN")


@pytest.fixture
def ready(server, tmp_path):
    """The server's job will deliver a burst product of the pair."""
    product = products.hyp3(tmp_path / "made")
    server.files["/S1_product.zip"] = products.zipped(product).read_bytes()
    return server


def test_an_order_names_itself_by_what_decides_it():
    first = order()
    assert first.earlier == tuple(sorted(BURSTS[EARLIER])) and first.name.startswith(f"sarslide-{STACK}-{PAIR}-")
    assert order({date: granules[::-1] for date, granules in BURSTS.items()}).name == first.name
    others = {order(looks="20x4").name, order(water_mask=True).name, order(ONE).name, order(ONE, SINGLE_BURST).name}
    assert len(others | {first.name}) == 5 and max(map(len, others)) <= 100
    assert Order.from_dict(json.loads(json.dumps(first.to_dict()))) == first


@pytest.mark.parametrize(
    ("granules", "job_type", "error", "words"),
    [
        (
            BURSTS | {LATER: BURSTS[LATER][:1]},
            MULTI_BURST,
            StackError,
            "burst 136232_IW2 is there on 20190306, missing on 20190318",
        ),
        (
            BURSTS | {EARLIER: BURSTS[EARLIER][:1]},
            MULTI_BURST,
            StackError,
            "burst 136231_IW2 is there on 20190318, missing on",
        ),
        (BURSTS, SINGLE_BURST, CatalogError, "2 granules of A128 20190306, more than INSAR_ISCE_BURST takes"),
        ({date: 16 * ONE[date] for date in ONE}, MULTI_BURST, CatalogError, "16 granules of A128 20190306"),
        (SCENES, MULTI_BURST, CatalogError, "granule 'S1A_IW_SLC.*is no name of a burst"),
        (ONE, GAMMA, CatalogError, "granule 'S1_136231.*is no name of an SLC scene"),
        (
            {EARLIER: ONE[LATER], LATER: ONE[LATER]},
            MULTI_BURST,
            CatalogError,
            "20190318T111301.*of 20190306 is no name",
        ),
        (ONE | {LATER: ["../etc"]}, MULTI_BURST, CatalogError, r"granule '\.\./etc'"),
    ],
)
def test_granules_that_make_no_pair_are_refused(granules, job_type, error, words):
    with pytest.raises(error, match=rf"E\d{{4}} .*{words}.*; cure: \w+"):
        order(granules, job_type)


@pytest.mark.parametrize(("granules", "job_type"), [(BURSTS, MULTI_BURST), (ONE, SINGLE_BURST), (SCENES, GAMMA)])
def test_what_hyp3_is_asked_for(server, granules, job_type):
    ordered = order(granules, job_type, water_mask=True)
    record = hyp3_orders.place(connect(server), ordered)
    (job,) = server.posted
    assert record == {"name": ordered.name, "job_id": "job-1", "job_type": job_type}
    assert (job["name"], job["job_type"]) == (ordered.name, job_type)
    parameters = job["job_parameters"]
    assert parameters["looks"] == "10x2" and parameters["apply_water_mask"] is True
    # The earlier date is the reference in all of them.
    if job_type == MULTI_BURST:
        assert parameters["reference"] == sorted(BURSTS[EARLIER]) and parameters["secondary"] == sorted(BURSTS[LATER])
    else:
        assert parameters["granules"] == [granules[EARLIER][0], granules[LATER][0]]
    if job_type == GAMMA:
        assert (
            parameters["include_look_vectors"] and parameters["include_inc_map"] and parameters["include_wrapped_phase"]
        )


@pytest.mark.parametrize("faults", [[429], [500, 503], [None, 500], [None, 429, 500]])
def test_passing_faults_of_the_server_pass(server, faults):
    server.faults = list(faults)  # the first request looks for the order, the second places it
    hyp3_orders.place(connect(server), order(), 5, 0.001)
    assert len(server.posted) == 1


def test_an_order_whose_answer_was_lost_is_not_placed_twice(server):
    server.lose_answers, server.answers = 1, ["PENDING"]
    record = hyp3_orders.place(connect(server), order(), 5, 0.001)
    assert len(server.posted) == 1 and record["job_id"] == "job-1"


def test_an_order_is_found_again_unless_it_failed_or_expired(server, tmp_path):
    client = connect(server)
    server.files["/S1_product.zip"] = b"1"
    server.answers = ["RUNNING"]
    for _ in range(2):
        hyp3_orders.place(client, order())
    assert len(server.posted) == 1
    server.answers = ["FAILED"]
    hyp3_orders.place(client, order())
    server.answers, server.expired = ["SUCCEEDED"], True
    hyp3_orders.place(client, order())
    assert len(server.posted) == 3
    # What is kept on disk asks nobody.
    hyp3_store.ordered(tmp_path, order(), lambda: client)
    hyp3_store.ordered(tmp_path, order(), lambda: pytest.fail("the server was asked"))


@pytest.mark.parametrize(
    ("faults", "error", "words"),
    [
        ([400], DownloadError, "HyP3 answers 400: planted fault 400"),
        ([401], CredentialsError, "HyP3 answers 401"),
        ([403], CredentialsError, "HyP3 answers 403"),
        ([500] * 9, DownloadError, "the server fails, 3 times; cure: run again later"),
        ([429] * 9, DownloadError, "the server answers 429, 3 times"),
    ],
)
def test_refusals_are_one_coded_line(server, faults, error, words):
    server.faults = list(faults)
    with pytest.raises(error, match=rf"E200\d .*{words}") as caught:
        hyp3_orders.place(connect(server), order(), 3, 0.001)
    assert SECRET not in str(caught.value) and "\n" not in str(caught.value)


def place_and_fetch(server, folder, limit_s=5.0):
    record = hyp3_store.ordered(folder, order(), lambda: connect(server), 0.001)
    return hyp3_store.fetched(folder, record, lambda: connect(server), limit_s, 0.001, 0.001)


def test_waiting_downloading_and_keeping(ready, tmp_path):
    ready.answers = ["PENDING", "RUNNING", "RUNNING", "SUCCEEDED"]
    ready.faults = [None, None, 429, None, 500, None, None, "cut", "cut"]  # find, order, ask, ask ..., download
    path = place_and_fetch(ready, tmp_path)
    assert path.read_bytes() == ready.files["/S1_product.zip"] and hyp3.open_product(path).has("_corr.tif")
    requests = len(ready.requests)
    assert place_and_fetch(ready, tmp_path) == path and len(ready.requests) == requests
    # The login is for HyP3 only, not for the host of the products.
    sent = [headers.get("Authorization") for _, target, headers in ready.requests if target.endswith(".zip")]
    assert sent and not any(sent)


@pytest.mark.parametrize(
    ("prepare", "error", "words"),
    [
        (
            lambda s: setattr(s, "answers", ["RUNNING", "FAILED"]),
            ProcessorError,
            r"HyP3 job job-1 \(sarslide-.*failed; cure: see",
        ),
        (lambda s: setattr(s, "answers", ["RUNNING"]), ProcessorError, "is RUNNING after .* h; cure: run again later"),
        (
            lambda s: setattr(s, "expired", True),
            ProcessorError,
            "its product expired on .*; cure: to order it anew, remove products/",
        ),
        (
            lambda s: s.files.update({"/S1_product.zip": s.files["/S1_product.zip"][:30000]}),
            DownloadError,
            "is no complete zip",
        ),
    ],
)
def test_jobs_that_give_no_product(ready, tmp_path, prepare, error, words):
    record = hyp3_store.ordered(tmp_path, order(), lambda: connect(ready))
    prepare(ready)
    with pytest.raises(error, match=rf"E\d{{4}} .*{words}"):
        hyp3_store.fetched(tmp_path, record, lambda: connect(ready), 0.05, 0.001, 0.001)
    assert not list((tmp_path / "products").glob("*.zip"))


def test_the_rules_scripts_and_a_secret_that_appears_nowhere(ready, tmp_path, capsys):
    ordered, folder = order(), tmp_path / "resources"
    access = {"api_url": ready.address, "token": "env:HYP3_TEST_TOKEN", "wait_s": 3600}
    ready.answers, ready.faults = ["SUCCEEDED"], [None, None, None, 500]
    marker = folder / f"{PAIR}.order.json"
    run_script("hyp3_order", tmp_path, {}, {"order": str(marker)}, resources=access, order=ordered.to_dict())
    product = folder / f"{PAIR}.product.json"
    run_script("hyp3_download", tmp_path, {"order": str(marker)}, {"product": str(product)}, resources=access)
    about = json.loads(product.read_text())
    assert about["file"] == f"products/{ordered.name}.zip" and about["bytes"] == len(ready.files["/S1_product.zip"])
    assert any(headers.get("Authorization") == f"Bearer {SECRET}" for _, _, headers in ready.requests)
    ready.faults = [401]
    (folder / "products" / f"{ordered.name}.order.json").unlink()
    with pytest.raises(SystemExit):
        run_script("hyp3_order", tmp_path, {}, {"order": str(marker)}, resources=access, order=ordered.to_dict())
    printed = capsys.readouterr()
    assert printed.err.startswith("E2003 HyP3 answers 401") and SECRET not in printed.out + printed.err
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) >= 6
    for path in written:
        assert SECRET.encode() not in path.read_bytes(), path


def test_credentials_are_references(tmp_path, monkeypatch):
    monkeypatch.delenv("NO_SUCH_TOKEN", raising=False)
    with pytest.raises(
        CredentialsError, match="E2003 variable NO_SUCH_TOKEN is not set; cure: put an Earthdata Login token"
    ):
        hyp3_orders.connect("http://127.0.0.1:1", "env:NO_SUCH_TOKEN")
    with pytest.raises(CredentialsError, match="absent: does not exist"):
        hyp3_orders.connect("http://127.0.0.1:1", f"file:{tmp_path}/absent")
    (tmp_path / "token").write_text(f"{SECRET}\n")
    client = hyp3_orders.connect("http://127.0.0.1:1", f"file:{tmp_path}/token")
    assert client.session.headers["Authorization"] == f"Bearer {SECRET}"
    (tmp_path / "token").write_text(f"{SECRET}\nsecond line {SECRET}")
    with pytest.raises(CredentialsError) as caught:
        hyp3_orders.connect("http://127.0.0.1:1", f"file:{tmp_path}/token")
    assert SECRET not in str(caught.value)
    with pytest.raises(ConfigError, match="E1001 config: hyp3.token is no reference") as refused:
        load({"hyp3": {"token": SECRET}})
    assert SECRET not in str(refused.value)


def test_nobody_listens(monkeypatch):
    monkeypatch.setenv("HYP3_TEST_TOKEN", SECRET)
    client = hyp3_orders.connect("http://127.0.0.1:9", "env:HYP3_TEST_TOKEN")
    with pytest.raises(DownloadError, match="E2002 HyP3: the connection failed .*2 times"):
        hyp3_orders.place(client, order(), 2, 0.001)


@pytest.fixture
def product(tmp_path):
    return products.hyp3(tmp_path)


def rewrite(product, old, new):
    path = next(product.glob("*.txt"))
    path.write_text(path.read_text().replace(old, new))


def swap_dates(product):
    """A product whose reference is the later date."""
    path = next(product.glob("*.txt"))
    text = path.read_text().replace("Reference Granule", "X").replace("Secondary Granule", "Reference Granule")
    path.write_text(text.replace("X", "Secondary Granule"))


def drop(suffix):
    return lambda product: next(product.glob(f"*{suffix}")).unlink()


def cut(suffix):
    def shorten(product):
        path = next(product.glob(f"*{suffix}"))
        path.write_bytes(path.read_bytes()[:3000])

    return shorten


def empty(product):
    with products.rasterio.open(next(product.glob("*_unw_phase.tif")), "r+") as target:
        target.write(np.zeros(target.shape, "float32"), 1)


def percent(product):
    with products.rasterio.open(next(product.glob("*_corr.tif")), "r+") as target:
        target.write(100 * target.read(1), 1)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (drop("_corr.tif"), r"_corr\.tif: is not in the product"),
        (drop(".txt"), r"\.txt: is not in the product"),
        (drop("_unw_phase.tif"), r"holds 0 files \*_unw_phase\.tif"),
        (cut("_unw_phase.tif"), r"_unw_phase\.tif: cannot be read"),
        (empty, r"_unw_phase\.tif: no cell of the region"),
        (percent, r"coherence up to 70"),
        (
            lambda p: rewrite(p, f"IW2_{LATER}T", "IW2_20190330T"),
            "its granules are of 20190306 and 20190330, its name of",
        ),
        (lambda p: rewrite(p, "Baseline: ", "Baseline: unknown "), "'baseline' is unknown -98"),
    ],
)
@pytest.mark.parametrize("as_zip", [False, True])
def test_products_that_are_refused(product, spoil, words, as_zip):
    spoil(product)
    with pytest.raises(InterferogramError, match=rf"E3007 .*{words}.*; cure: \w+") as caught:
        hyp3.ingest(hyp3.open_product(products.zipped(product) if as_zip else product), PAIR, GRID)
    assert "\n" not in str(caught.value)


def test_another_pair_another_place_and_a_truncated_zip(product, tmp_path):
    with pytest.raises(InterferogramError, match="is of 20190306 and 20190318, not of 20190306_20190330"):
        hyp3.ingest(hyp3.open_product(product), "20190306_20190330", GRID)
    elsewhere = products.RegionGrid(32633, 519000, 3208000, 100, 20, 20)  # another UTM zone: another place on Earth
    with pytest.raises(InterferogramError, match="no cell of the region"):
        hyp3.ingest(hyp3.open_product(product), PAIR, elsewhere)
    path = products.zipped(product)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(InterferogramError, match=r"E3007 .*\.zip: is no complete zip.*; cure: delete it and run again"):
        hyp3.open_product(path)
    shutil.rmtree(product)
    with pytest.raises(InterferogramError, match="holds 0 files"):
        hyp3.open_product(product)


def test_the_sign_follows_the_order_of_the_dates(product):
    straight = hyp3.ingest(hyp3.open_product(product), PAIR, GRID)
    hyp3.ingest(hyp3.open_product(product), PAIR, GRID, "away")
    with pytest.raises(
        InterferogramError,
        match=f"positive_phase is towards, but the phase grows away: its reference date is {EARLIER}",
    ):
        hyp3.ingest(hyp3.open_product(product), PAIR, GRID, "towards")
    swap_dates(product)
    turned = hyp3.ingest(hyp3.open_product(product), PAIR, GRID)
    np.testing.assert_allclose(turned.unwrapped_rad, -straight.unwrapped_rad)
    assert turned.metadata.bperp_m == -straight.metadata.bperp_m and turned.metadata.utc == straight.metadata.utc


def test_gamma_s_baseline_and_isce_s_have_opposite_signs(tmp_path):
    numbers = {}
    for kind in ("burst", "gamma"):
        opened = hyp3.open_product(products.hyp3(tmp_path, kind))
        numbers[kind] = float(hyp3.metadata(opened)["baseline"])
        assert hyp3.ingest(opened, PAIR, GRID).metadata.bperp_m == pytest.approx(products.seen().bperp_m, abs=0.1)
    assert numbers["burst"] == pytest.approx(-numbers["gamma"], abs=0.2) and abs(numbers["burst"]) > 50


def test_incidence_and_heading_where_there_are_no_look_vectors(tmp_path):
    product = products.hyp3(tmp_path, "gamma")
    drop("_lv_phi.tif")(product)
    layers = hyp3.line_of_sight(hyp3.open_product(product), GRID)
    assert np.nanmean(layers["incidence_deg"]) == pytest.approx(
        products.seen().incidence_deg, abs=1e-3
    )  # not the local one
    assert np.nanmean(layers["heading_deg"]) == pytest.approx(products.seen().heading_deg, abs=1e-3)
    drop("_inc_map_ell.tif")(product)
    with pytest.raises(
        InterferogramError, match="has neither look vectors nor incidence angles; cure: order the product with look"
    ):
        hyp3.line_of_sight(hyp3.open_product(product), GRID)


TABLE = "stack,date,granule,platform,absolute_orbit,start_utc,sha256,orbit_file,first_seen\n"


def plan(tmp_path, repository, rows, *config):
    """A dry run of source hyp3 on a hand-made scene table."""
    import subprocess
    import sys
    from pathlib import Path

    (tmp_path / "resources/valley").mkdir(parents=True)
    (tmp_path / "resources/valley/scenes.csv").write_text(TABLE + "".join(f"{STACK},{d},{g},,,,,,\n" for d, g in rows))
    (tmp_path / "dem.tif").touch()
    return subprocess.run(
        [
            str(Path(sys.executable).parent / "snakemake"), "-n", "--cores", "1", "--snakefile", str(repository / "Snakefile"),
            "--directory", str(tmp_path), "--config", "region=valley", "source=hyp3", "engine=hyp3", f"stacks=[{STACK}]",
            "grid={dem: dem.tif}", *config,
        ],
        capture_output=True, text=True,
    )  # fmt: skip


def test_a_hand_made_table_is_enough(tmp_path, repository):
    rows = [(date, granule) for date in BURSTS for granule in BURSTS[date]]
    # Four dates: a rate with its error needs three pairs.
    rows += [(date, granule.replace(LATER, date)) for date in ("20190330", "20190411") for granule in BURSTS[LATER]]
    found = plan(tmp_path, repository, rows)
    assert found.returncode == 0, found.stderr
    for rule in ("hyp3_order", "hyp3_download", "hyp3_ingest", "hyp3_geometry"):
        assert f"rule {rule}:" in found.stdout
    assert f"resources/valley/hyp3/{STACK}/{PAIR}.order.json" in found.stdout


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (
            [],
            r"E1008 stack A128 has no scene in scenes\.csv; cure: write .*scenes\.csv by hand, .*update_catalog does not search",
        ),
        (
            [(EARLIER, BURSTS[EARLIER][0]), (LATER, BURSTS[LATER][0])],
            "E3005 pair .*: burst 136231_IW2 is there on 20190318",
        ),
        ([(EARLIER, "mine.zip"), (LATER, BURSTS[LATER][0])], r"E1008 scenes\.csv: granule 'mine\.zip' of 20190306"),
    ],
)
def test_tables_that_are_refused(tmp_path, repository, rows, words):
    import re

    found = plan(tmp_path, repository, rows)
    lines = [line for line in found.stderr.splitlines() if line.startswith("E")]
    assert found.returncode != 0 and len(lines) == 1 and re.match(words, lines[0]), found.stderr


@pytest.mark.full
def test_the_workflow_from_the_order_to_the_displacement(ready, tmp_path):
    """Snakemake orders, waits, downloads and ingests; the D-InSAR map follows; a second run has nothing to do."""
    from sarslide.io import raster
    from tests.workflow.conftest import Checkout

    west, south, east, north = GRID.bounds
    dem = products.write_dem(tmp_path)
    noisy = products.zipped(
        products.hyp3(tmp_path / "noisy", noise_rad=0.2)
    )  # without noise all ground counts as moving
    ready.files["/S1_product.zip"] = noisy.read_bytes()
    config = [
        "region=valley", "source=hyp3", "engine=hyp3", f"stacks=[{STACK}]",
        f"rates={{height_correlated: false, plane: false, dinsar: ['{PAIR}']}}",
        f"grid={{epsg: 32647, bounds: [{west}, {south}, {east}, {north}], cell_m: 100, margin_m: 200, dem: {dem}}}",
        f"hyp3={{api_url: '{ready.address}', token: 'env:HYP3_TEST_TOKEN'}}",
    ]  # fmt: skip
    (tmp_path / "checkout").mkdir()
    checkout = Checkout(tmp_path / "checkout", config)
    checkout.environment["HYP3_TEST_TOKEN"] = SECRET
    table = checkout.folder / "resources/valley/scenes.csv"
    table.parent.mkdir(parents=True)
    table.write_text(TABLE + "".join(f"{STACK},{date},{ONE[date][0]},,,,,,\n" for date in ONE))
    target = f"results/valley/{STACK}/f0/hyp3/dinsar/{PAIR}.los_displacement_mm.tif"
    checkout.snakemake(target)
    assert len(ready.posted) == 1 and ready.posted[0]["job_parameters"]["reference"] == ONE[EARLIER]
    assert broken(checkout.folder / f"results/valley/{STACK}/f0/hyp3", [PAIR], GRID) == []
    found = raster.read(checkout.folder / target, GRID)
    away, _ = products.truth(*products.places())
    # 20 mm away from the satellite; 0.2 rad of noise are 0.9 mm, the reference adds its own part of the bowl's foot
    assert found[np.unravel_index(away.argmax(), away.shape)] == pytest.approx(-20, abs=4)
    assert "Nothing to be done" in checkout.snakemake("--dry-run", target).stdout
    for path in checkout.folder.rglob("*"):
        if path.is_file() and ".venv" not in path.parts:
            assert SECRET.encode() not in path.read_bytes(), path


def hyp3_engine(kind: str):
    """Producer of the engine hyp3 for one kind of product."""

    def produce(folder: Path, _region: Path) -> tuple[Path, list[str], RegionGrid]:
        marker, out = products.stored(folder, products.hyp3(folder / "made", kind)), folder / "out"
        run_script("hyp3_ingest", folder, {"product": str(marker)}, of_pair(out), OF_PAIR, grid=GRID.to_dict())
        outputs = geometry_of(out) | {"sidecar": str(out / "geometry.json")}
        inputs = {"product": str(marker), "dem": str(products.write_dem(folder))}
        run_script("hyp3_geometry", folder, inputs, outputs, OF_PAIR, grid=GRID.to_dict())
        return out, [PAIR], GRID

    return produce


PRODUCERS = {f"hyp3-{kind}": hyp3_engine(kind) for kind in ("burst", "multi", "gamma")}
