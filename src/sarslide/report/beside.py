"""What is too heavy for the page: files in a folder beside it, which a click loads.

The page of any region stays below `PAGE_BYTES`. Text, tables and outlines are in it; pictures are,
in the order of the page, as long as there is room; the other ones lie beside it, and so do the
numbers under the pointer. Always beside it are series, images of dates, earlier releases, and all
outlines of a layer of which the page has the largest.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sarslide.report.object_series import Series, data_script, scripts
from sarslide.report.stages import StageFigure

FOLDER = "report_files"
PAGE_BYTES = 14_000_000


@dataclass
class Room:
    """Room for pictures in the page.

    Attributes
    ----------
    left : int
        Bytes of the page that are free.
    files : dict of str to bytes
        What found no room, by name.
    """

    left: int
    files: dict[str, bytes] = field(default_factory=dict)

    def address(self, title: str, uri: str) -> str:
        """Where the page finds a picture.

        Parameters
        ----------
        title : str
            Names the file.
        uri : str
            The picture as a `data:` address; empty: there is none.

        Returns
        -------
        str
            The same where there is room, else the path of its file from the page.
        """
        if len(uri) <= self.left:
            self.left -= len(uri)
            return uri
        return self.add(title, "png", base64.b64decode(uri.partition(",")[2]))

    def add(self, title: str, kind: str, content: bytes) -> str:
        """Put a file beside the page.

        Parameters
        ----------
        title : str
            Names the file; one of two files of one title is numbered.
        kind : str
            Ending of its name.
        content : bytes
            Of the file.

        Returns
        -------
        str
            Its path from the page.
        """
        word, number = re.sub("[^a-z0-9]+", "-", title.lower()).strip("-"), 1
        while (name := f"{word}-{number}.{kind}" if number > 1 else f"{word}.{kind}") in self.files:
            number += 1
        self.files[name] = content
        return f"{FOLDER}/{name}"

    def figure(self, figure: StageFigure) -> StageFigure:
        """A figure that has its picture in the page or beside it.

        Parameters
        ----------
        figure : StageFigure
            With a `data:` address.

        Returns
        -------
        StageFigure
            The same with the address of the picture.
        """
        return replace(figure, uri=self.address(figure.title, figure.uri))


def part(content: Mapping[str, Any], room_bytes: int) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Part a page from what lies beside it.

    Parameters
    ----------
    content : mapping of str to Any
        Of `page.context`.
    room_bytes : int
        Bytes of the page that pictures may take.

    Returns
    -------
    dict of str to Any
        What the template reads; `beside` tells whether there are files.
    dict of str to bytes
        Files by name.
    """
    room, data = Room(room_bytes), dict(content["map"])
    whole, series, earlier = data.pop("whole"), data.pop("series"), data.pop("earlier")
    data["hillshade"] = room.address("hillshade", data["hillshade"])
    first = [raster for raster in data["rasters"] if raster["key"] == data["shown"]]
    images = _images(room, first)
    flow = content["flow"]
    parted = {
        "flow": room.figure(flow) if flow else None,
        "overview": room.address("overview", content["overview"]),
        "networks": [room.figure(figure) for figure in content["networks"]],
        "figures": [room.figure(figure) for figure in content["figures"]],
        "factors": [
            one | {"figures": [room.figure(figure) for figure in one["figures"]]} for one in content["factors"]
        ],
        "paper_figures": {key: room.figure(figure) for key, figure in content["paper_figures"].items()},
    }
    images |= _images(room, [raster for raster in data["rasters"] if raster["key"] not in images])
    data["rasters"] = [raster | {"image": images[raster["key"]]} for raster in data["rasters"]]
    data["vectors"] = [_with_whole(layer, whole.get(layer["key"]), room) for layer in data["vectors"]]
    data["values"] = [_values(one, room) for one in data["values"]]
    data["series"] = _series(series, room)
    data["dates"] = _dates(data["dates"], room)
    data["releases"] = [
        {"label": one["label"], "file": room.add(f"release {one['release']}", "js", data_script(one["layer"]).encode())}
        for one in earlier
    ]
    return {**content, **parted, "map": data, "beside": bool(room.files)}, room.files


def _images(room: Room, rasters: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {raster["key"]: room.address(raster["key"], raster["image"]) for raster in rasters}


def _with_whole(layer: dict[str, Any], whole: Mapping[str, Any] | None, room: Room) -> dict[str, Any]:
    """A layer that knows the script with all its outlines, where the page has a part of them."""
    if whole is None:
        return layer
    path = room.add(layer["key"], "js", data_script(whole).encode())
    return layer | {"whole": path, "count": len(whole["features"])}


def _values(values: Mapping[str, Any], room: Room) -> dict[str, Any]:
    """The numbers of a track in the page, or the script that has them."""
    about = {key: value for key, value in values.items() if key != "packed"}
    if len(values["packed"]) <= room.left:
        room.left -= len(values["packed"])
        return dict(values)
    return about | {"file": room.add(f"values {values['track']}", "js", data_script(values["packed"]).encode())}


def _dates(dates: Mapping[str, Any], room: Room) -> dict[str, Any]:
    """The images at dates as files, also of a small page: they are loaded when its slider moves."""
    if not dates:
        return {}
    files = {
        track: [room.add(f"displacement {track} {date}", "png", png) for date, png in pngs.items()]
        for track, pngs in dates["pngs"].items()
    }
    return {"legend": dates["legend"], "files": files}


def _series(series: Series, room: Room) -> dict[str, str]:
    """The script with the series of each object."""
    places, contents = scripts(series)
    paths = [room.add("series", "js", content.encode()) for content in contents]
    return {ls_id: paths[number] for ls_id, number in places.items()}
