/* A map of the web under the images, off at first: nothing is asked of its server before it is switched on. */
sarslide.basemap = function (map, data, bounds, panel) {
  if (!data.tiles.address) return;
  const MOST = 80, OVERLAP = 0.6; /* tiles at once; pixels, so that no seam shows */
  const element = sarslide.element, part = panel.group("Base map"), host = data.tiles.address.split("/")[2];
  const reach = L.latLngBounds(bounds).pad(0.6), raster = map.getPane("raster"), blend = raster.style.mixBlendMode;
  map.createPane("tiles").style.zIndex = 207;
  const credit = L.control({ position: "topright" });
  credit.onAdd = function () { return element("div", data.tiles.credit, null, "credit"); };
  let shown = null;

  panel.choice(part, "checkbox", "basemap", "Show (needs the internet)", false, switched);
  const note = element("p", "", part, "scale-note"), rest = host + " learns which area you look at while it is on.";
  note.setAttribute("role", "status");
  note.textContent = rest;

  function switched(on) {
    map.getPane("shade").style.display = on ? "none" : "";
    raster.style.mixBlendMode = on ? "multiply" : blend;
    map[on ? "on" : "off"]("moveend", draw);
    if (on) {
      credit.addTo(map);
      draw();
    } else {
      credit.remove();
      shown.remove();
      shown = null;
      note.textContent = rest;
    }
  }

  function draw() {
    const view = map.getBounds(), before = shown;
    const west = Math.max(view.getWest(), reach.getWest()), east = Math.min(view.getEast(), reach.getEast());
    const south = Math.max(view.getSouth(), reach.getSouth()), north = Math.min(view.getNorth(), reach.getNorth());
    if (!(east > west && north > south)) return;
    const picture = sarslide.drawn("svg", { viewBox: [0, 0, east - west, north - south].join(" "), preserveAspectRatio: "none" });
    const zoom = sarslide.tiles.zoomFor(data, 1 / map.options.crs.scale(map.getZoom()), data.tiles.zoom);
    let lost = 0;
    const arrived = sarslide.tiles.covering(data, west, south, east, north, zoom, MOST).map(function (tile) {
      const m = sarslide.tiles.affine(data, tile[0], tile[1], tile[2]), side = sarslide.tiles.pixels + OVERLAP;
      const image = sarslide.drawn("image", { width: side, height: side, preserveAspectRatio: "none",
        transform: "matrix(" + [m[0], -m[1], m[2], -m[3], m[4] - west, north - m[5]].join(" ") + ")" }, picture);
      return new Promise(function (resolve) {
        image.addEventListener("load", resolve);
        image.addEventListener("error", function () { lost += 1; image.remove(); resolve(); });
        image.setAttribute("href", data.tiles.address.replace("{z}", tile[0]).replace("{x}", tile[1]).replace("{y}", tile[2]));
      });
    });
    shown = L.svgOverlay(picture, [[south, west], [north, east]], { pane: "tiles" }).addTo(map);
    Promise.all(arrived).then(function () {
      if (before) before.remove(); /* until then it stays below */
      if (shown) note.textContent = lost ? lost + " of " + arrived.length + " tiles did not come from " + host + "." : rest;
    });
  }
};
