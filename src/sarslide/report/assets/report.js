"use strict";
/* The map, sortable tables. All text enters the page as text nodes: nothing from a file is read as HTML. */
(function () {
  function element(tag, text, parent, className) {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    if (className) made.className = className;
    if (parent) parent.appendChild(made);
    return made;
  }

  function sortable(table) {
    table.querySelectorAll("th button").forEach(function (button) {
      const heading = button.parentNode;
      button.addEventListener("click", function () {
        const up = heading.getAttribute("aria-sort") !== "ascending";
        const sign = up ? 1 : -1;
        const column = heading.cellIndex;
        const value = function (row) { return row.cells[column].dataset.sort; };
        const rows = Array.from(table.tBodies[0].rows);
        rows.sort(function (a, b) {
          const x = value(a), y = value(b);
          if (x === "" || y === "") return (x === "") - (y === "");
          const numeric = heading.classList.contains("n");
          return sign * (numeric ? Number(x) - Number(y) : x.localeCompare(y, "en", { numeric: true }));
        });
        table.querySelectorAll("th").forEach(function (other) { other.removeAttribute("aria-sort"); });
        heading.setAttribute("aria-sort", up ? "ascending" : "descending");
        rows.forEach(function (row) { table.tBodies[0].appendChild(row); });
      });
    });
  }
  document.querySelectorAll("table.sortable").forEach(sortable);

  const source = document.getElementById("map-data");
  if (!source || !window.L) return;
  const data = JSON.parse(source.textContent);
  const bounds = [[0, 0], [data.height, data.width]];
  const map = L.map("map", {
    crs: L.CRS.Simple, attributionControl: false, zoomSnap: 0.1, zoomDelta: 0.5, wheelPxPerZoomLevel: 110,
    minZoom: -14, maxZoom: 1, zoomAnimation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches
  });
  const fitted = map.getBoundsZoom(bounds);
  map.setMinZoom(fitted - 1);
  map.fitBounds(bounds, { padding: [12, 12] });
  map.setMaxBounds(L.latLngBounds(bounds).pad(0.6));
  L.control.scale({ imperial: false, maxWidth: 140 }).addTo(map);

  map.createPane("paper").style.zIndex = 205;
  L.rectangle(bounds, { pane: "paper", stroke: false, fillColor: "#ffffff", fillOpacity: 1, interactive: false }).addTo(map);
  map.createPane("shade").style.zIndex = 210;
  const pane = map.createPane("raster");
  pane.style.zIndex = 220;
  let shade = null;
  if (data.hillshade) {
    shade = L.imageOverlay(data.hillshade, bounds, { pane: "shade", opacity: 0.75 }).addTo(map);
    pane.style.mixBlendMode = "multiply";
  }
  map.createPane("frame").style.zIndex = 230;
  L.rectangle(bounds, { pane: "frame", color: "#5b6a70", weight: 1, fill: false, interactive: false }).addTo(map);

  const panel = document.getElementById("map-panel");
  function group(title) {
    const made = element("fieldset", "", panel);
    element("legend", title, made);
    return made;
  }
  function choice(parent, type, name, label, checked, changed) {
    const line = element("label", "", parent);
    const input = element("input", "", line);
    input.type = type;
    input.name = name;
    input.checked = checked;
    input.addEventListener("change", function () { changed(input.checked); });
    return [line, element("span", label, line), input];
  }

  /* one image at a time over the hillshade */
  const notFound = " lies beside this page and was not found there: keep the folder with the page.";
  let image = null, strength = 0.85;
  const images = group("Image over the hillshade");
  const legend = element("div");
  function show(raster) {
    if (image) map.removeLayer(image);
    image = null;
    legend.replaceChildren();
    if (!raster) return;
    image = L.imageOverlay(raster.image, bounds, { pane: "raster", opacity: strength, className: "sharp" }).addTo(map);
    image.on("error", function () { element("p", raster.image + notFound, legend, "scale-note"); });
    element("p", raster.quantity, legend, "scale-name");
    element("div", "", legend, "scale-bar").style.background = "linear-gradient(to right," + raster.gradient.join(",") + ")";
    const ticks = element("div", "", legend, "scale-ticks");
    raster.ticks.forEach(function (tick, k) {
      const end = k === 0 ? raster.ends[0] : k === raster.ticks.length - 1 ? raster.ends[1] : "";
      element("span", k === 0 ? (tick + " " + end).trim() : (end + " " + tick).trim(), ticks);
    });
    if (raster.note) element("p", raster.note, legend, "scale-note");
  }
  data.rasters.forEach(function (raster) {
    choice(images, "radio", "raster", raster.label, raster.key === data.shown, function () { show(raster); });
  });
  choice(images, "radio", "raster", shade ? "Hillshade alone" : "None", data.shown === "", function () { show(null); });
  const slider = element("input");
  slider.type = "range";
  slider.min = 0; slider.max = 100; slider.value = 100 * strength;
  slider.setAttribute("aria-label", "Opacity of the image");
  slider.addEventListener("input", function () { strength = slider.value / 100; if (image) image.setOpacity(strength); });
  element("span", "Opacity", images, "quiet");
  images.appendChild(slider);
  images.appendChild(legend);
  show(data.rasters.find(function (raster) { return raster.key === data.shown; }));

  /* outlines */
  const outlines = group("Outlines");
  const found = {};
  function popup(feature) {
    const box = element("div");
    element("h4", feature.title, box);
    const body = element("tbody", "", element("table", "", box));
    feature.rows.forEach(function (pair) {
      const row = element("tr", "", body);
      element("td", pair[0], row);
      const words = /^https?:/.test(pair[1]) ? pair[1].split(" ") : [];
      const cell = element("td", words.length ? "" : pair[1], row);
      words.forEach(function (address) {
        const link = element("a", address.split("/")[2], cell);
        link.href = address;
        link.target = "_blank";
        link.rel = "noopener noreferrer";
        element("br", "", cell);
      });
    });
    return box;
  }
  function fill(shapes, layer) {
    shapes.clearLayers();
    layer.features.forEach(function (feature) {
      const look = Object.assign({ interactive: layer.answers, radius: 5 }, layer.style, feature.style);
      const shape = feature.point ? L.circleMarker(feature.point, look) : L.polygon(feature.polygons, look);
      if (layer.answers) {
        shape.bindPopup(function () { return popup(feature); }, { maxWidth: 360 });
        shape.on("mouseover", function () { shape.setStyle({ weight: layer.style.weight + 1.5 }); });
        shape.on("mouseout", function () { shape.setStyle({ weight: layer.style.weight }); });
        if (feature.id) found[feature.id] = { shape: shape, shapes: shapes };
      }
      shapes.addLayer(shape);
    });
  }
  /* all outlines of a layer of which the page has the largest: a script beside the page hands them over */
  const waiting = {};
  window.sarslideOutlines = function (layer) { waiting[layer.key](layer); };
  function wholeLayer(layer, shapes) {
    const more = element("button", "Load all " + layer.count + " outlines", outlines, "more");
    more.type = "button";
    waiting[layer.key] = function (whole) { fill(shapes, whole); more.remove(); };
    more.addEventListener("click", function () {
      const script = document.createElement("script");
      script.onerror = function () { more.textContent = layer.whole + notFound; };
      script.src = layer.whole;
      document.body.appendChild(script);
    });
  }
  data.vectors.forEach(function (layer) {
    const shapes = L.layerGroup();
    fill(shapes, layer);
    if (layer.shown) shapes.addTo(map);
    const parts = choice(outlines, "checkbox", layer.key, layer.label, layer.shown, function (on) {
      if (on) shapes.addTo(map); else map.removeLayer(shapes);
    });
    shapes.box = parts[2];
    const swatch = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    swatch.setAttribute("class", "swatch");
    const mark = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const look = { x: 1.5, y: 1.5, width: 19, height: 11, stroke: layer.style.color, "stroke-width": layer.style.weight,
      "stroke-dasharray": layer.style.dashArray || "none", fill: "none" };
    Object.keys(look).forEach(function (key) { mark.setAttribute(key, look[key]); });
    swatch.appendChild(mark);
    parts[0].insertBefore(swatch, parts[1]);
    if (layer.whole) wholeLayer(layer, shapes);
  });

  /* where the pointer is */
  const position = element("div", "", panel);
  position.id = "position";
  const rest = "Click an outline for its numbers. Coordinates appear under the pointer.";
  position.textContent = rest;
  function degrees(value, plus, minus) { return Math.abs(value).toFixed(5) + "° " + (value < 0 ? minus : plus); }
  map.on("mousemove", function (event) {
    const x = event.latlng.lng, y = event.latlng.lat;
    const u = 2 * x / data.width - 1, v = 2 * y / data.height - 1;
    const at = function (coefficients) {
      return coefficients.reduce(function (sum, c, k) {
        return sum + c * Math.pow(u, data.lonlat.powers[k][0]) * Math.pow(v, data.lonlat.powers[k][1]);
      }, 0);
    };
    position.replaceChildren();
    element("div", degrees(at(data.lonlat.lat), "N", "S") + ", " + degrees(at(data.lonlat.lon), "E", "W"), position);
    element("div", "E " + (data.west + x).toFixed(0) + " m, N " + (data.south + y).toFixed(0) + " m (EPSG:" + data.epsg + ")", position);
  });
  map.on("mouseout", function () { position.textContent = rest; });

  /* from a table row to the map */
  document.querySelectorAll("button[data-object]").forEach(function (button) {
    const target = found[button.dataset.object];
    if (!target) { button.replaceWith(button.textContent); return; }
    button.addEventListener("click", function () {
      if (!map.hasLayer(target.shapes)) { target.shapes.addTo(map); target.shapes.box.checked = true; }
      document.getElementById("map-section").scrollIntoView();
      map.fitBounds(target.shape.getBounds(), { padding: [140, 140], maxZoom: -3, animate: false });
      target.shape.openPopup();
    });
  });
})();
