/* Where tiles of the web's maps (spherical Mercator) lie on the map. The page knows longitude and latitude of a place by a
   polynomial; its inverse, by Newton's method, brings the corners of a tile here. Between them a tile is taken as affine. */
sarslide.tiles = (function () {
  const PIXELS = 256, CIRCUMFERENCE_M = 2 * Math.PI * 6378137;

  /* Value of a polynomial at u, v, and its derivatives. */
  function at(coefficients, powers, u, v) {
    return coefficients.reduce(function (sum, c, k) {
      const i = powers[k][0], j = powers[k][1];
      return [sum[0] + c * Math.pow(u, i) * Math.pow(v, j), sum[1] + (i && c * i * Math.pow(u, i - 1) * Math.pow(v, j)),
        sum[2] + (j && c * j * Math.pow(u, i) * Math.pow(v, j - 1))];
    }, [0, 0, 0]);
  }

  /* Longitude and latitude of map coordinates. */
  function lonLat(data, x, y) {
    const u = 2 * x / data.width - 1, v = 2 * y / data.height - 1, p = data.lonlat;
    return [at(p.lon, p.powers, u, v)[0], at(p.lat, p.powers, u, v)[0]];
  }

  /* Map coordinates of a place. */
  function place(data, lon, lat) {
    const p = data.lonlat;
    let u = 0, v = 0;
    for (let turn = 0; turn < 12; turn++) {
      const f = at(p.lon, p.powers, u, v), g = at(p.lat, p.powers, u, v);
      const east = lon - f[0], north = lat - g[0], whole = f[1] * g[2] - f[2] * g[1];
      u += (east * g[2] - north * f[2]) / whole;
      v += (north * f[1] - east * g[1]) / whole;
    }
    return [(u + 1) / 2 * data.width, (v + 1) / 2 * data.height];
  }

  /* Column and row of a place, with fractions, at a zoom of the tiles; and the place of a column and row. */
  function column(zoom, lon) { return (lon + 180) / 360 * Math.pow(2, zoom); }
  function row(zoom, lat) { return (1 - Math.asinh(Math.tan(lat * Math.PI / 180)) / Math.PI) / 2 * Math.pow(2, zoom); }
  function corner(data, zoom, x, y) {
    const share = Math.pow(2, -zoom);
    return place(data, x * share * 360 - 180, Math.atan(Math.sinh(Math.PI * (1 - 2 * y * share))) * 180 / Math.PI);
  }

  /* The affine map of a tile that is nearest to its four corners: a, b, c, d, e, f with
     x = a * column + c * row + e and y = b * column + d * row + f, columns and rows in pixels of the tile, map metres. */
  function affine(data, zoom, x, y) {
    const nw = corner(data, zoom, x, y), ne = corner(data, zoom, x + 1, y);
    const sw = corner(data, zoom, x, y + 1), se = corner(data, zoom, x + 1, y + 1);
    const both = [0, 1].map(function (k) {
      const right = (ne[k] - nw[k] + se[k] - sw[k]) / 2, down = (sw[k] - nw[k] + se[k] - ne[k]) / 2;
      return [right / PIXELS, down / PIXELS, (nw[k] + ne[k] + sw[k] + se[k]) / 4 - right / 2 - down / 2];
    });
    return [both[0][0], both[1][0], both[0][1], both[1][1], both[0][2], both[1][2]];
  }

  /* The zoom whose pixels are nearest to those of the screen. */
  function zoomFor(data, metresPerPixel, most) {
    const lat = lonLat(data, data.width / 2, data.height / 2)[1];
    const whole = CIRCUMFERENCE_M * Math.cos(lat * Math.PI / 180) / PIXELS;
    return Math.max(0, Math.min(most, Math.round(Math.log2(whole / metresPerPixel))));
  }

  /* [zoom, column, row] of the tiles that touch a rectangle of the map, at most `most` of them: else those of a zoom before. */
  function covering(data, west, south, east, north, zoom, most) {
    const places = [];
    for (let k = 0; k <= 8; k++) {
      const x = west + k / 8 * (east - west), y = south + k / 8 * (north - south);
      places.push(lonLat(data, x, south), lonLat(data, x, north), lonLat(data, west, y), lonLat(data, east, y));
    }
    const columns = places.map(function (one) { return Math.floor(column(zoom, one[0])); });
    const rows = places.map(function (one) { return Math.floor(row(zoom, one[1])); });
    const first = [Math.min.apply(null, columns), Math.min.apply(null, rows)];
    const last = [Math.max.apply(null, columns), Math.max.apply(null, rows)];
    if ((last[0] - first[0] + 1) * (last[1] - first[1] + 1) > most && zoom > 0) {
      return covering(data, west, south, east, north, zoom - 1, most);
    }
    const found = [];
    for (let y = first[1]; y <= last[1]; y++) for (let x = first[0]; x <= last[0]; x++) found.push([zoom, x, y]);
    return found;
  }

  return { pixels: PIXELS, lonLat: lonLat, affine: affine, zoomFor: zoomFor, covering: covering };
})();
