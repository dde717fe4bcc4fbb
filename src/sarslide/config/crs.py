"""Is a CRS fit for a region grid? In metres, true to scale, with north up, and meant for the place.

A region over the edge of a UTM zone is fine: its scale decides, not the zone.
"""

from typing import TYPE_CHECKING

from sarslide.config.fields import Mistake

if TYPE_CHECKING:
    from pyproj import CRS

MAX_SCALE_ERROR = 0.01  # of lengths; areas are off by twice as much
MAX_CONVERGENCE_DEG = 10.0  # rates along slopes take the grid's north for the true one
TIGHT_M = 1.0  # of a place on the map that is projected there and back
EPSG, BOUNDS = "grid.epsg", "grid.bounds"
UTM_CURE = "the UTM zone of the region has EPSG {}; give grid.bounds in its metres"
SMALLER_CURE = "give a smaller region, or several"
ANY_CURE = "give the EPSG code of the region's UTM zone, 326nn north and 327nn south of the equator"


def utm_epsg(longitude_deg: float, latitude_deg: float) -> int:
    """The EPSG code of the UTM zone (WGS 84) of a place.

    Norway's and Svalbard's wider zones are left aside: scale decides whether a CRS is fit.

    Parameters
    ----------
    longitude_deg, latitude_deg : float
        East and north positive, degrees.

    Returns
    -------
    int
        326nn north of the equator, 327nn south of it.
    """
    zone = int((longitude_deg + 180) % 360 // 6) + 1
    return (32600 if latitude_deg >= 0 else 32700) + zone


def check_crs(epsg: int, bounds: tuple[float, float, float, float]) -> None:
    """Refuse a CRS in which lengths, areas or directions of a region would be wrong.

    Parameters
    ----------
    epsg : int
        EPSG code of the region.
    bounds : tuple of float
        (west, south, east, north) in that CRS; west < east and south < north.

    Raises
    ------
    Mistake
        Where the code is unknown or no projected CRS in metres, where the bounds cannot be
        projected or lie outside its area of use, where scale or north are off in the region.
    """
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        crs = CRS.from_epsg(epsg)
    except CRSError:
        raise Mistake(f"{EPSG} = {epsg}: there is no such CRS", ANY_CURE, EPSG) from None
    named = f"{EPSG} = {epsg} ({crs.name})"
    in_degrees = _look_like_degrees(bounds)
    zone = UTM_CURE.format(utm_epsg((bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2))
    if not crs.is_projected or len(crs.axis_info) != 2:
        raise Mistake(f"{named}: is no projected CRS", zone if in_degrees else ANY_CURE, EPSG, BOUNDS)
    units = {axis.unit_name for axis in crs.axis_info}
    if any(axis.unit_conversion_factor != 1 for axis in crs.axis_info):
        raise Mistake(f"{named}: is in {', '.join(sorted(units))}, not in metres", ANY_CURE, EPSG)
    if in_degrees:
        raise Mistake(f"{BOUNDS} = {list(bounds)}: are degrees, not metres", zone, BOUNDS, EPSG)
    _check_place(crs, named, bounds)


def _check_place(crs: "CRS", named: str, bounds: tuple[float, float, float, float]) -> None:
    """Refuse bounds that the CRS is not made for, by corners, middles of the sides and centre."""
    import numpy as np
    from pyproj import Proj

    west, south, east, north = bounds
    x, y = (part.ravel() for part in np.meshgrid(np.linspace(west, east, 3), np.linspace(south, north, 3)))
    projection = Proj(crs)
    longitude, latitude = projection(x, y, inverse=True)
    back = np.hypot(*(there - here for there, here in zip(projection(longitude, latitude), (x, y), strict=True)))
    where = f"{BOUNDS} = {list(bounds)}"
    if not (back < TIGHT_M).all():
        raise Mistake(
            f"{where}: cannot be projected in {named}", "give west, south, east, north in metres of it", BOUNDS, EPSG
        )
    centre = float(longitude[4]), float(latitude[4])
    zone = utm_epsg(*centre)
    cure = UTM_CURE.format(zone) if zone != crs.to_epsg() else SMALLER_CURE
    if not _lies_in_area(crs, *centre):
        raise Mistake(
            f"{where}: the middle, {place_text(*centre)}, lies outside the area of use of {named}",
            f"check both; {cure}",
            BOUNDS,
            EPSG,
        )
    factors = projection.get_factors(longitude, latitude)
    scales = np.concatenate([factors.tissot_semimajor, factors.tissot_semiminor])
    worst = scales[np.argmax(np.abs(scales - 1))]
    if not abs(worst - 1) <= MAX_SCALE_ERROR:
        raise Mistake(
            f"{named}: lengths in the region are off by up to {abs(worst - 1):.1%}, more than {MAX_SCALE_ERROR:.0%}",
            cure,
            EPSG,
            BOUNDS,
        )
    turned = float(np.abs(factors.meridian_convergence).max())
    if turned > MAX_CONVERGENCE_DEG:
        raise Mistake(
            f"{named}: north of the map is {turned:.0f} degrees off true north in the region", cure, EPSG, BOUNDS
        )


def _lies_in_area(crs: "CRS", longitude: float, latitude: float) -> bool:
    """Whether a place lies in the area of use, which may go over the date line."""
    area = crs.area_of_use
    if area is None:
        return True
    inside = (longitude - area.west) % 360 <= (area.east - area.west) % 360 or area.east - area.west >= 360
    return bool(inside and area.south <= latitude <= area.north)


def _look_like_degrees(bounds: tuple[float, float, float, float]) -> bool:
    """Whether they can be longitudes and latitudes; in metres they are a spot at the origin."""
    west, south, east, north = bounds
    return -180 <= west < east <= 360 and -90 <= south < north <= 90


def place_text(longitude_deg: float, latitude_deg: float) -> str:
    """A place in words.

    Parameters
    ----------
    longitude_deg, latitude_deg : float
        East and north positive, degrees.

    Returns
    -------
    str
        Such as `46.41 N 8.03 E`.
    """
    north, east = "N" if latitude_deg >= 0 else "S", "E" if longitude_deg >= 0 else "W"
    return f"{abs(latitude_deg):.2f} {north} {abs(longitude_deg):.2f} {east}"
