/* Where the pointer is, and what moves there. */
sarslide.position = function (map, data) {
  const element = sarslide.element, values = sarslide.values(data);
  const control = L.control({ position: "bottomright" }), place = element("div");
  place.id = "position";
  control.onAdd = function () { return place; };
  control.addTo(map);
  const rest = "Click an outline for its numbers, any place for its rates.";
  place.textContent = rest;
  function degrees(value, plus, minus) { return Math.abs(value).toFixed(5) + "° " + (value < 0 ? minus : plus); }
  function show(event) {
    const x = event.latlng.lng, y = event.latlng.lat, lonLat = sarslide.tiles.lonLat(data, x, y);
    place.replaceChildren();
    values(x, y).forEach(function (one) {
      const error = one.error === null ? "" : " ± " + sarslide.number(one.error, 1);
      const text = one.rate === null ? "no rate" : sarslide.number(one.rate, 1) + error + " mm/yr";
      element("div", one.track + "  " + text, place, "value").style.color = data.colours[one.track];
    });
    element("div", degrees(lonLat[1], "N", "S") + ", " + degrees(lonLat[0], "E", "W"), place);
    element("div", "E " + (data.west + x).toFixed(0) + " m, N " + (data.south + y).toFixed(0) + " m (EPSG:" + data.epsg + ")", place);
  }
  map.on("mousemove click", show);
  map.on("mouseout", function () { place.textContent = rest; });
};
