"""Every broken raster ends in one coded line, and is read as a GeoTIFF or not at all."""

import socket

import numpy as np
import pytest
import rasterio

from sarslide.io import raster
from tests.hostile.raster_cases import GRID, cases
from tests.hostile.support import checked


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_rasters(tmp_path, monkeypatch):
    monkeypatch.setenv("GDAL_VRT_ENABLE_PYTHON", "YES")
    monkeypatch.chdir(tmp_path)
    checked(cases, tmp_path, 75)
    assert not (tmp_path / "ran").exists()


def test_what_a_file_names_is_not_opened(tmp_path):
    """Overviews at an address that waits for nobody, files beside it."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0)
    path = tmp_path / "a.tif"
    raster.write(path, np.zeros(GRID.shape), GRID, "probability")
    with rasterio.open(path, "r+", IGNORE_COG_LAYOUT_BREAK="YES") as target:
        address = f"/vsicurl/http://127.0.0.1:{server.getsockname()[1]}/x.ovr"
        target.update_tags(ns="OVERVIEWS", OVERVIEW_FILE=address)
    (tmp_path / "a.tif.aux.xml").write_text(
        "<PAMDataset><Metadata><MDI key='layer'>other</MDI></Metadata></PAMDataset>"
    )
    raster.read_reduced(path, 20)
    assert raster.tags_of(path)["layer"] == "probability"
    with pytest.raises(BlockingIOError):
        server.accept()
    server.close()
