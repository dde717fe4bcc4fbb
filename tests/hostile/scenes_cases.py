"""Hostile and broken scene tables: resources/REGION/scenes.csv."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from sarslide.catalog import scenes
from sarslide.catalog.scenes import ARCHIVE_COLUMNS, OLD_COLUMNS
from sarslide.config import Config, load
from tests.hostile.changed import changed
from tests.hostile.support import SECRET, pipe

NAME = "S1A_IW_SLC__1SDV_20190306T112011_20190306T112038_026275_02EFE1_{}"
GOOD = {
    "stack": "A128", "date": "20190306", "granule": NAME.format("4B1E"), "platform": "S1A", "absolute_orbit": "026275",
    "start_utc": "2019-03-06T11:20:11.000000", "stop_utc": "2019-03-06T11:20:38.000000", "polarisation": "VV",
    "burst_ids": "136231_IW2 136232_IW2", "bytes": "4300000000", "checksum": "md5:" + "0" * 32,
    "address": "https://datapool.asf.alaska.edu/SLC/SA/a.zip", "first_seen": "2019-04-01T00:00:00Z", "bperp_m": "12.50",
    "critical_bperp_m": "4950",
    "orbit_file": "S1A_OPER_AUX_POEORB_OPOD_20190326T120747_V20190305T225942_20190307T005942.EOF",
}  # fmt: skip
CELLS = {
    "stack": ("", "X1", "A12", "A128/../..", "../A128", "A١٢٨"),
    "date": ("", "../../x", "20191345", "2019-03-06", "19000101", "٢٠١٩٠٣٠٦", "20190306\n"),
    "granule": ("", "../../etc/passwd", "/etc/passwd", ".hidden", "a\nb", "a" * 300, "{y}", "$(touch x)", "=1+1"),
    "platform": ("S2A", "../S1A"),
    "absolute_orbit": ("nan", "-1", "1e9", "9" * 100),
    "start_utc": ("2019-03-06", "2019-13-06T11:20:11", "NaT", "2019-03-09T11:20:11.000000", "2019-03-06T11:20:59"),
    "stop_utc": ("", "2019-03-05T11:20:38.000000"),
    "orbit_file": ("../../orbit.EOF", "/etc/passwd", "a b.EOF", "annotation/../x"),
    "polarisation": ("VX", "../VV"),
    "burst_ids": ("136231_IW9", "../136231_IW2", "136231_IW2;136232_IW2"),
    "bytes": ("nan", "-1", "1e99", "9" * 40),
    "checksum": ("md5:0", "crc:00000000", "sha256:" + "g" * 64),
    "address": ("file:///etc/passwd", f"https://user:{SECRET}@host/a.zip", "/vsicurl/http://a/b", "https://a/b\nc"),
    "superseded_by": ("../x", "a\nb"),
    "bperp_m": ("nan", "inf", "1e9", "words"),
    "critical_bperp_m": ("nan", "-inf"),
    "first_seen": ("x" * 100, "a\tb"),
}  # fmt: skip


def text(rows: list[dict[str, str]], columns: tuple[str, ...] = ARCHIVE_COLUMNS) -> str:
    lines = [",".join(columns)] + [",".join(f'"{row.get(name, "")}"' for name in columns) for row in rows]
    return "\n".join(lines) + "\n"


def region() -> Config:
    keys = {"region": "zhouqu", "stacks": ["A128"], "network": {"preset": "nearest"}}
    return load(keys)


def cases(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Name and call of each."""
    folder = folder / "scenes"
    folder.mkdir()
    second = GOOD | {"granule": NAME.format("4B1F")}
    files: dict[str, bytes] = {
        "empty": b"",
        "another header": b"a,b\n1,2\n",
        "a short row": f"{','.join(OLD_COLUMNS)}\nA128,20190306\n".encode(),
        "a long row": f"{','.join(OLD_COLUMNS)}\nA128,20190306,,,,,,,,,,,\n".encode(),
        "a column twice": f"{','.join(OLD_COLUMNS)},stack\n".encode(),
        "Latin-1": text([GOOD | {"granule": "Größe"}]).encode("latin-1"),
        "UTF-16": text([GOOD]).encode("utf-16"),
        "zero bytes": text([GOOD]).encode() + b"\0" * 1000,
        "an open quote": text([GOOD]).encode() + b'"A128,' + b"x," * 1000,
        "a field of 2 MB": text([GOOD | {"granule": "x" * (2 << 20)}]).encode(),
        "20 MB": text([GOOD]).encode() + b"\n" * (20 << 20),
        "the same granule twice": text([GOOD, second, GOOD]).encode(),
        "another column": text([GOOD], (*ARCHIVE_COLUMNS, "more")).encode(),
    }
    for column, values in CELLS.items():
        for value in values:
            files[f"{column} {value[:20]!r}"] = text([GOOD, second | {column: value}]).encode()
    for k, (name, content) in enumerate(files.items()):
        path = folder / f"{k}.csv"
        path.write_bytes(content)
        yield name, partial(scenes.read, path)
    yield "a folder", partial(scenes.read, folder)
    yield "a pipe", partial(scenes.read, pipe(folder / "pipe.csv"))
    yield "/dev/zero", partial(scenes.read, Path("/dev/zero"))
    days = ("20190306", "20190318", "20190330", "20190411")
    rows = [
        GOOD | {
            "date": day, "granule": GOOD["granule"].replace("20190306", day),
            "start_utc": f"{day[:4]}-{day[4:6]}-{day[6:]}T11:20:11.000000",
            "stop_utc": f"{day[:4]}-{day[4:6]}-{day[6:]}T11:20:38.000000",
        }
        for day in days
    ]  # fmt: skip
    config = region()
    for k, (name, content) in enumerate(changed(text(rows), 32, 1)):
        place = folder / str(k) / config.region
        place.mkdir(parents=True)
        (place / "scenes.csv").write_bytes(content)
        yield f"mutation: {name}?", partial(whole, config, folder / str(k))


def whole(config: Config, resources: Path) -> list[dict[str, str]]:
    """The table as a run reads it; every date has a stack, a day and names that are names."""
    table = scenes.table(config, resources)
    table.check()
    for row in table.rows():
        assert "/" not in row["granule"] + row["orbit_file"] and row["date"].isdigit(), row
    return table.rows()
