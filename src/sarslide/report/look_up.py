"""Where an interpreter looks at an object in optical images, relief and geology (C11): addresses to
follow, of which the report itself loads nothing.
"""

import geopandas as gpd

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
