"""The region's DEM as ISCE2 reads one: geographic, raw float32, ellipsoidal heights.

ISCE's own description lies beside it.
"""

import math
from pathlib import Path

import numpy as np

from sarslide.insar.native.surface import Surface
from sarslide.io.atomic import atomic_file
from sarslide.io.blocks import strips

METRES_PER_DEGREE = 111320.0
POSTS_PER_CELL = 4 / 3  # so that the posts sample the spline of the heights without loss
ROWS_AT_ONCE = 256

_XML = """<imageFile>
    <property name="access_mode"><value>read</value></property>
    <property name="byte_order"><value>l</value></property>
    <property name="data_type"><value>FLOAT</value></property>
    <property name="family"><value>demimage</value></property>
    <property name="file_name"><value>{name}</value></property>
    <property name="image_type"><value>dem</value></property>
    <property name="length"><value>{length}</value></property>
    <property name="name"><value>demimage_name</value></property>
    <property name="number_bands"><value>1</value></property>
    <property name="reference"><value>WGS84</value></property>
    <property name="scheme"><value>BIP</value></property>
    <property name="width"><value>{width}</value></property>
    <property name="xmax"><value>{east}</value></property>
    <property name="xmin"><value>{west}</value></property>
    <component name="coordinate1">
        <factorymodule>isceobj.Image</factorymodule>
        <factoryname>createCoordinate</factoryname>
        <property name="delta"><value>{step}</value></property>
        <property name="endingvalue"><value>{east}</value></property>
        <property name="size"><value>{width}</value></property>
        <property name="startingvalue"><value>{west}</value></property>
    </component>
    <component name="coordinate2">
        <factorymodule>isceobj.Image</factorymodule>
        <factoryname>createCoordinate</factoryname>
        <property name="delta"><value>-{step}</value></property>
        <property name="endingvalue"><value>{south}</value></property>
        <property name="size"><value>{length}</value></property>
        <property name="startingvalue"><value>{north}</value></property>
    </component>
</imageFile>
"""

_VRT = """<VRTDataset rasterXSize="{width}" rasterYSize="{length}">
    <SRS>EPSG:4326</SRS>
    <GeoTransform>{corner_x}, {step}, 0, {corner_y}, 0, -{step}</GeoTransform>
    <VRTRasterBand dataType="Float32" band="1" subClass="VRTRawRasterBand">
        <SourceFilename relativeToVRT="1">{name}</SourceFilename>
        <ByteOrder>LSB</ByteOrder>
        <ImageOffset>0</ImageOffset>
        <PixelOffset>4</PixelOffset>
        <LineOffset>{line_bytes}</LineOffset>
    </VRTRasterBand>
</VRTDataset>
"""


def write_dem(path: Path, surface: Surface, box: tuple[float, float, float, float]) -> None:
    """Write a DEM and its descriptions, `path`.xml and `path`.vrt.

    The heights are those of the interpolating spline at the posts; beyond the edge of the surface
    the nearest ones. In ISCE's xml the first coordinate is the CENTRE of the first sample; read as
    its corner, every height would lie half a sample off.

    Parameters
    ----------
    path : Path
        File of the heights.
    surface : Surface
        Heights of the ground.
    box : tuple of float
        South, north, west, east, degrees.
    """
    from pyproj import Transformer

    step = surface.grid.cell_m / POSTS_PER_CELL / METRES_PER_DEGREE
    south, north, west, east = box
    width, length = math.ceil((east - west) / step) + 1, math.ceil((north - south) / step) + 1
    lon, lat = west + step * np.arange(width), north - step * np.arange(length)
    to_map = Transformer.from_crs(4326, surface.grid.epsg, always_xy=True)
    x, y = surface.grid.x(), surface.grid.y()
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as temporary, open(temporary, "wb") as stream:
        for lines in strips(length, ROWS_AT_ONCE):
            at_x, at_y = to_map.transform(*np.meshgrid(lon, lat[lines]))
            heights = surface.heights_at(np.clip(at_x, x[0], x[-1]), np.clip(at_y, y[-1], y[0]))
            stream.write(heights.astype("<f4").tobytes())
    about = {
        "name": path.name, "width": width, "length": length, "step": step, "west": west, "east": lon[-1], "north": north,
        "south": lat[-1], "corner_x": west - step / 2, "corner_y": north + step / 2, "line_bytes": 4 * width,
    }  # fmt: skip
    for suffix, text in ((".xml", _XML), (".vrt", _VRT)):
        with atomic_file(path.with_name(path.name + suffix)) as temporary:
            temporary.write_text(text.format(**about))
