"""Where an interpreter looks at an object in optical images, relief and geology (C11): addresses to
follow, of which the report itself loads nothing.
"""

from typing import Any

import geopandas as gpd

from sarslide.report.reading import records

SERVICES = (
    "https://browser.dataspace.copernicus.eu/?zoom=14&lat={lat:.5f}&lng={lon:.5f}",
    "https://earth.google.com/web/@{lat:.5f},{lon:.5f},0a,6000d",
    "https://opentopomap.org/#map=14/{lat:.5f}/{lon:.5f}",
    "https://macrostrat.org/map/loc/{lon:.5f}/{lat:.5f}",
)


def addresses(frame: gpd.GeoDataFrame) -> list[str]:
    """Addresses of images, relief and geology at each object.

    Parameters
    ----------
    frame : GeoDataFrame
        The objects.

    Returns
    -------
    list of str
        Of each object the addresses, parted by blanks: Sentinel-2, high-resolution images, a
        topographic map, a geological map.
    """
    places = frame.geometry.representative_point().to_crs(4326)
    return [" ".join(service.format(lat=place.y, lon=place.x) for service in SERVICES) for place in places]


def placed(frame: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Rows of objects with the place of a point inside each.

    Parameters
    ----------
    frame : GeoDataFrame
        The objects.

    Returns
    -------
    list of dict
        Plain values by column, with `lon` and `lat`, degree (WGS 84) to seven decimals (1 cm).
    """
    places = frame.geometry.representative_point().to_crs(4326)
    lonlat = zip(places.x.round(7), places.y.round(7), strict=True)
    return [row | {"lon": lon, "lat": lat} for row, (lon, lat) in zip(records(frame), lonlat, strict=True)]
