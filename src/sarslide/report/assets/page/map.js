/* The map: a flat metric plane from the south-west corner of the region, paper and hillshade below, then image and outlines. */
(function () {
  const source = document.getElementById("map-data");
  if (!source || !window.L) return;
  const data = JSON.parse(source.textContent);
  const bounds = [[0, 0], [data.height, data.width]];
  const map = L.map("map", {
    crs: L.CRS.Simple, attributionControl: false, zoomControl: false, zoomSnap: 0.1, zoomDelta: 0.5, wheelPxPerZoomLevel: 110,
    minZoom: -14, maxZoom: 1, zoomAnimation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches
  });
  const fitted = map.getBoundsZoom(bounds);
  map.setMinZoom(fitted - 1);
  map.fitBounds(bounds, { padding: [12, 12] });
  map.setMaxBounds(L.latLngBounds(bounds).pad(0.6));
  L.control.zoom({ position: "bottomleft" }).addTo(map); /* a popup opens upwards */
  L.control.scale({ imperial: false, maxWidth: 140 }).addTo(map);

  map.createPane("paper").style.zIndex = 205;
  L.rectangle(bounds, { pane: "paper", stroke: false, fillColor: "#ffffff", fillOpacity: 1, interactive: false }).addTo(map);
  map.createPane("shade").style.zIndex = 210;
  map.createPane("raster").style.zIndex = 220;
  if (data.hillshade) {
    L.imageOverlay(data.hillshade, bounds, { pane: "shade", opacity: 0.75, alt: "Hillshade" }).addTo(map);
    map.getPane("raster").style.mixBlendMode = "multiply";
  }
  map.createPane("frame").style.zIndex = 230;
  L.rectangle(bounds, { pane: "frame", color: "#5b6a70", weight: 1, fill: false, interactive: false }).addTo(map);

  const panel = { box: document.getElementById("map-panel") };
  panel.group = function (title) {
    const made = sarslide.element("fieldset", "", panel.box);
    sarslide.element("legend", title, made);
    return made;
  };
  panel.choice = function (parent, type, name, label, checked, changed) {
    const line = sarslide.element("label", "", parent), input = sarslide.element("input", "", line);
    input.type = type;
    input.name = name;
    input.checked = checked;
    input.addEventListener("change", function () { changed(input.checked); });
    return { line: line, text: sarslide.element("span", label, line), input: input };
  };

  const images = sarslide.images(map, data, bounds, panel);
  sarslide.basemap(map, data, bounds, panel);
  const outlines = sarslide.outlines(map, data, images, panel);
  sarslide.timeline(data, images, outlines, panel);
  sarslide.position(map, data);

  document.querySelectorAll("button[data-object]").forEach(function (button) {
    const id = button.dataset.object;
    if (!outlines.found[id]) { button.replaceWith(button.textContent); return; }
    button.addEventListener("click", function () {
      document.getElementById("map-section").scrollIntoView();
      outlines.go(id);
    });
  });
})();
