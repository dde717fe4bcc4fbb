"""All mistakes of a configuration at once, one coded line each; dates as YAML reads them; logins unseen."""

import datetime
import re

import pytest

from sarslide import config
from sarslide.errors import ConfigError


@pytest.fixture
def own(tmp_path):
    """A working folder with a region of its own."""
    (tmp_path / "regions").mkdir()
    (tmp_path / "regions/myregion.yaml").write_text(
        "stacks: [A128]\ngrid: {dem: dem.tif}\nengine: files\nsource: files\n"
    )
    return tmp_path


def refusal(user: dict, folder=None) -> list[str]:
    """The lines that a configuration is refused with, each of them coded."""
    with pytest.raises(ConfigError) as caught:
        config.load(user, *([folder] if folder else []))
    lines = str(caught.value).splitlines()
    assert all(re.fullmatch(r"E1001 \S+: .+; cure: .+", line) for line in lines), lines
    return lines


def test_all_mistakes_are_told_at_once():
    """Unknown keys, wrong values, checks of a section and of several sections, in one go."""
    lines = refusal({
        "regon": "valley",
        "interferogram": {"unwrap_window": 3, "goldstein_alfa": 1},
        "rates": {"windows": {"a": [20200101, 20190101], "b": [20200101, 20190101]}, "reference": [0, 0, 100]},
        "catalog": {"start": 20190231},
        "engine": "hyp3",
        "training": {"network": "unett", "channels": "p0_insr"},
        "assumptions": {"nothing": "why"},
    })  # fmt: skip
    told = "\n".join(lines)
    for words in (
        "unknown key 'regon'", "unknown key 'interferogram.goldstein_alfa'", "interferogram.unwrap_window = 3",
        "rates.windows.a = ", "rates.windows.b = ", "rates.reference = ", "catalog.start: '20190231' is not a date",
        "engine = hyp3", "training.network: ", "training.channels: ", "assumptions names 'nothing'",
    ):  # fmt: skip
        assert told.count(words) == 1, words
    assert len(lines) == 11


def test_what_follows_from_a_mistake_is_not_told():
    """A CRS that is wrong for the bounds says nothing where the bounds themselves are wrong."""
    assert len(refusal({"grid": {"epsg": 32601, "bounds": [1, 2, 0, 3]}})) == 1
    assert len(refusal({"source": "nowhere", "engine": "hyp3"})) == 1
    assert len(refusal({"grid": {"cell_m": 3, "product_m": 7}})) == 1
    assert len(refusal({"grid": 5, "stacks": ["A1"], "engine": "files"})) == 3


def test_every_mistake_names_the_file_that_it_stands_in(own):
    (own / "regions/myregion.yaml").write_text("stacks: [A1]\ngrid: {epsg: 4326, dem: dem.tif}\n")
    lines = refusal({"region": "myregion", "rates": {"method": "sbass"}}, own)
    of_file = [line for line in lines if line.startswith(f"E1001 {own / 'regions/myregion.yaml'}: ")]
    assert len(lines) == 3 and len(of_file) == 2 and "E1001 config: rates.method = 'sbass'" in "\n".join(lines)


def test_a_login_that_is_no_reference_is_never_shown():
    for value in ("s3cret", ["s3cret"], {"password": "s3cret"}):
        lines = refusal({"retrieve": {"earthdata": value, "copernicus": value}, "hyp3": {"token": value}})
        assert len(lines) == 3 and "s3cret" not in "".join(lines)


@pytest.mark.parametrize("written", [20190301, "20190301", "2019-03-01", datetime.date(2019, 3, 1)])
def test_a_date_may_be_written_with_or_without_quotes_and_dashes(written):
    loaded = config.Config.model_validate({
        "source": "simulated", "stacks": ["A128"], "catalog": {"start": written, "end": None},
        "simulation": {"first_date": {"A128": written}}, "rates": {"windows": {"late": [written, 20200101]}},
        "retrieve": {"sentinel2_start": written}, "isce2": {"reference": {"A128": written}},
    })  # fmt: skip
    assert loaded.catalog.start == loaded.simulation.first_date["A128"] == "20190301"
    assert loaded.rates.windows["late"] == ("20190301", "20200101")
    assert loaded.retrieve.sentinel2_start == loaded.isce2.reference["A128"] == "20190301"
    assert loaded.catalog.end is None


def test_dates_of_a_file_and_of_the_command_line(own):
    """YAML makes numbers and dates of what has no quotes; Snakemake makes other things of it."""
    from sarslide.config.reading import merged

    (own / "more.yaml").write_text(
        "catalog: {archive: asf, start: 2019-03-01, end: 20190601}\nnetwork: {pairs: [20190306_20190318]}\nregion: myregion\n"
        "source: safe\nengine: native\n"
    )
    found = config.load(merged(own, ["more.yaml"]), own)
    assert (found.catalog.start, found.catalog.end) == ("20190301", "20190601")
    assert found.network.pairs == ("20190306_20190318",)
    assert config.load(merged(own, ["more.yaml"], ["catalog={end: null}"]), own).catalog.end is None
    for text in ("catalog={start: 20190305}", "catalog={start: 2019-03-05}"):
        assert config.load(merged(own, ["more.yaml"], [text]), own).catalog.start == "20190305"


@pytest.mark.parametrize(
    "written", [20190231, 2019030, "2019-02-30", "2019/03/01", "March", True, 2019.5, 201903011, ""]
)
def test_a_date_that_does_not_exist_is_refused(written):
    (line,) = refusal({"catalog": {"start": written}})
    assert line.startswith(f"E1001 config: catalog.start: '{str(written).replace('-', '')}' is not a date; cure: write")


@pytest.mark.parametrize("pair", ["20190306-20190318", 2019030620190332, "20190318_20190306", 20190306])
def test_a_pair_that_does_not_exist_is_refused(pair):
    (line,) = refusal({"network": {"pairs": [pair]}})
    assert line.startswith("E1001 config: network.pairs.0: ")


@pytest.mark.parametrize("null", ["null", "~"])
def test_null_on_the_command_line_is_null(null, tmp_path):
    """Over a preset that sets the key: by `--set`, and by Snakemake's --config in a section or a list."""
    from sarslide.cli.start import Request
    from sarslide.config.reading import read

    (tmp_path / "regions").mkdir()
    (tmp_path / "regions/own.yaml").write_text(
        "source: simulated\nstacks: [A128, D062]\ntraining: {width: 16, epochs: 5}\nrates: {reference: [518000, 3208000, 500]}\n"
    )
    keys = [f"training.width={null}", f"training.epochs={null}", f"rates.reference={null}"]
    by_set = Request("own", keys, folder=tmp_path).config()
    values = ["region=own", f"training={{width: {null}, epochs: {null}}}", f"rates={{reference: {null}}}"]
    for found in (by_set, read(tmp_path, [], values)):
        assert (found.training.width, found.training.epochs, found.rates.reference) == (None, None, None)
    (line,) = refusal({"region": "own", "grid": {"cell_m": null}}, tmp_path)
    assert "grid.cell_m = None: input should be a valid number" in line


def test_an_empty_section_of_a_region_changes_nothing(own):
    (own / "regions/other.yaml").write_text("stacks: [A128]\nsource: simulated\ngrid:\nrates:\n")
    assert config.load({"region": "other"}, own).grid == config.load({"region": "valley"}).grid


def test_patterns_and_values_keep_their_case():
    """A message quotes what it demands as it is."""
    (line,) = refusal({"rates": {"windows": {"Summer": [20200101, 20200201]}}})
    assert "'Summer': string should match pattern '^[a-z][a-z0-9_]{0,63}$'" in line
    (line,) = refusal({"slc": {"polarisation": "vv"}})
    assert "= 'vv': input should be 'co', 'VV', 'VH', 'HH' or 'HV'" in line


@pytest.mark.parametrize("name", ["stacks", "pairs", "dinsar", "orbit_sources"])
def test_what_comes_twice_is_refused(name):
    pairs = ["20190306_20190318"] * 2
    (line,) = refusal({
        "stacks": {"stacks": ["A128", "D062", "A128"]}, "pairs": {"network": {"pairs": pairs}},
        "dinsar": {"rates": {"dinsar": pairs}}, "orbit_sources": {"retrieve": {"orbit_sources": ["copernicus"] * 2}},
    }[name])  # fmt: skip
    assert "comes 2 times; cure: name each once" in line


@pytest.mark.parametrize(
    "address", ["https://user:s3cret@host/v1", "https://host/v1?token=s3cret", "https://s3cret@host"]
)
def test_a_login_in_an_address_is_refused_unseen(address):
    for keys in ({"retrieve": {"stac": address}}, {"retrieve": {"stac": [address]}}, {"hyp3": {"api_url": address}}):
        (line,) = refusal(keys)
        assert "s3cret" not in line
    (line,) = refusal({"retrieve": {"stac": address}})
    assert "retrieve.stac: holds a login or a query; cure: give scheme, host and path alone" in line


def test_a_folder_with_a_dollar_in_its_name_is_taken(tmp_path, monkeypatch):
    monkeypatch.delenv("PART", raising=False)
    (tmp_path / "a$PART").mkdir()
    assert config.resolve(f"{tmp_path}/a$PART") == f"{tmp_path}/a$PART"
    with pytest.raises(ConfigError, match=r"b\$PART' does not exist, and \$PART is not set; cure: export \$PART"):
        config.resolve(f"{tmp_path}/b$PART")
    monkeypatch.setenv("PART", "{y}")
    with pytest.raises(ConfigError, match="has braces, which are wildcards to Snakemake"):
        config.resolve(f"{tmp_path}/b$PART")


def test_a_review_that_is_a_device_is_refused_before_its_hash_is_made():
    with pytest.raises(ConfigError, match="E1001 path '/dev/zero' is a pipe or device"):
        config.resolve(config.load({"inventory": {"review": "/dev/zero"}}).inventory.review)
