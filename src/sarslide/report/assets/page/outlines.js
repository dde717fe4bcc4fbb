/* Outlines of the release: layers to switch, colours by an attribute, one object after the other, earlier releases. */
sarslide.outlines = function (map, data, images, panel) {
  const element = sarslide.element;
  const part = panel.group("Outlines"), found = {}, layers = [];
  let colouring = null, before = null;

  function look(layer, feature) {
    const plain = Object.assign({ interactive: layer.answers, radius: 5 }, layer.style, feature.style);
    if (!colouring || !feature.classes) return plain;
    return Object.assign(plain, { color: colouring.classes[feature.classes[colouring.key]].colour, weight: 3 });
  }

  /* While an object's numbers are open, the image is that of the track that shows it best. */
  function opened(feature) {
    const better = images.ofTrack(feature.track);
    if (!better || better === images.shown()) return;
    before = { was: images.shown(), now: better };
    images.show(better);
  }
  function closed() {
    if (before && images.shown() === before.now) images.show(before.was);
    before = null;
  }

  function draw(shapes, layer) {
    shapes.clearLayers();
    layer.features.forEach(function (feature) {
      const shape = feature.point ? L.circleMarker(feature.point, look(layer, feature)) : L.polygon(feature.polygons, look(layer, feature));
      if (layer.answers) {
        shape.bindPopup(function () { return sarslide.popup(feature, data); },
          { maxWidth: Math.min(360, map.getSize().x - 60), maxHeight: Math.max(220, map.getSize().y - (map.getSize().x < 500 ? 190 : 90)) });
        shape.on("popupopen", function () { opened(feature); });
        shape.on("popupclose", closed);
        shape.on("mouseover", function () { shape.setStyle({ weight: look(layer, feature).weight + 1.5 }); });
        shape.on("mouseout", function () { shape.setStyle(look(layer, feature)); });
        if (feature.id) found[feature.id] = { shape: shape, shapes: shapes, feature: feature };
      }
      shapes.addLayer(shape);
    });
  }

  /* from a table row, or from the list of objects, to the map */
  function go(id) {
    const target = found[id];
    if (!map.hasLayer(target.shapes)) { target.shapes.addTo(map); target.shapes.box.checked = true; }
    map.closePopup();
    map.fitBounds(target.shape.getBounds(), { padding: [90, 90], maxZoom: -3, animate: false });
    target.shape.openPopup();
  }

  function add(layer) {
    const shapes = L.layerGroup();
    draw(shapes, layer);
    if (layer.shown) shapes.addTo(map);
    const made = panel.choice(part, "checkbox", layer.key, layer.label, layer.shown, function (on) {
      if (on) shapes.addTo(map); else map.removeLayer(shapes);
    });
    shapes.box = made.input;
    const swatch = sarslide.drawn("svg", { class: "swatch", "aria-hidden": "true" });
    sarslide.drawn("rect", { x: 1.5, y: 1.5, width: 19, height: 11, stroke: layer.style.color, "stroke-width": layer.style.weight,
      "stroke-dasharray": layer.style.dashArray || "none", fill: "none" }, swatch);
    made.line.insertBefore(swatch, made.text);
    layers.push([shapes, layer]);
    if (layer.whole) whole(layer, shapes);
  }

  /* all outlines of a layer of which the page has the largest */
  function whole(layer, shapes) {
    const more = element("button", "Load all " + layer.count + " outlines", part, "more");
    more.type = "button";
    more.addEventListener("click", function () {
      sarslide.load(layer.whole).then(function (all) {
        layer.features = all.features;
        draw(shapes, layer);
        more.remove();
      }, function (error) { more.textContent = error.message; });
    });
  }

  function select(label, options, chosen) {
    const line = element("label", label, part, "pick"), made = element("select", "", line);
    options.forEach(function (option) { element("option", option[1], made).value = option[0]; });
    made.addEventListener("change", function () { chosen(made.value); });
    return made;
  }

  function colours() {
    if (!data.colourings.length) return;
    const key = element("ul", "", null, "key");
    select("Colour by", [["", "layer"]].concat(data.colourings.map(function (one) { return [one.key, one.label]; })), function (name) {
      colouring = data.colourings.find(function (one) { return one.key === name; }) || null;
      key.replaceChildren();
      (colouring ? colouring.classes : []).filter(function (one) { return one.count; }).forEach(function (one) {
        const line = element("li", "", key);
        element("span", "", line, "dot").style.background = one.colour;
        line.append(one.label + " (" + one.count + ")");
      });
      layers.forEach(function (pair) { draw(pair[0], pair[1]); });
    });
    part.appendChild(key);
  }

  function objects() {
    const ids = Object.keys(found).filter(function (id) { return found[id].feature.classes; }).sort();
    if (!ids.length) return;
    const titles = ids.map(function (id) { return [id, found[id].feature.title]; });
    const list = select("Object", [["", "choose one of " + ids.length]].concat(titles), function (id) { if (id) go(id); });
    const line = element("p", "", part, "steps");
    [["Previous", -1], ["Next", 1]].forEach(function (step) {
      const button = element("button", step[0], line);
      button.type = "button";
      button.addEventListener("click", function () {
        const at = list.selectedIndex - 1;
        list.value = ids[(Math.max(at, step[1] > 0 ? -1 : 0) + step[1] + ids.length) % ids.length];
        go(list.value);
      });
    });
    map.on("popupopen", function (event) {
      const open = ids.find(function (id) { return found[id].shape === event.popup._source; });
      if (open) list.value = open;
    });
  }

  let beside = null; /* shows the outlines of an earlier release, of none for "" */
  function releases() {
    if (!data.releases.length) return;
    const shapes = L.layerGroup().addTo(map), note = element("p", "", null, "scale-note");
    note.setAttribute("role", "status");
    const options = data.releases.map(function (one, k) { return [String(k), one.label]; });
    const list = select("Beside an earlier release", [["", "none"]].concat(options), function (number) {
      shapes.clearLayers();
      note.textContent = "";
      if (!number) return;
      sarslide.load(data.releases[number].file).then(function (layer) {
        if (list.value !== number) return; /* another one was chosen meanwhile */
        draw(shapes, Object.assign({}, layer, { features: layer.features.map(function (one) { return Object.assign({}, one, { id: "" }); }) }));
        note.textContent = "Dashed green: landslides of " + data.releases[number].label;
      }, function (error) { note.textContent = error.message; });
    });
    part.appendChild(note);
    beside = function (number) {
      if (list.value === number) return;
      list.value = number;
      list.dispatchEvent(new Event("change"));
    };
  }

  data.vectors.forEach(add);
  colours();
  objects();
  releases();
  return { found: found, go: go, beside: beside };
};
