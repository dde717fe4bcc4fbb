/* One image at a time over the hillshade, with its legend. */
sarslide.images = function (map, data, bounds, panel) {
  const element = sarslide.element;
  const part = panel.group("Image over the hillshade"), legend = element("div");
  let layer = null, shown = null, strength = 0.85;
  const buttons = {};

  function show(raster) {
    const before = layer;
    shown = raster;
    legend.replaceChildren();
    Object.keys(buttons).forEach(function (key) { buttons[key].checked = key === (raster ? raster.key : ""); });
    layer = null;
    if (raster) {
      layer = L.imageOverlay(raster.image, bounds, { pane: "raster", opacity: strength, className: "sharp", alt: raster.label });
      layer.on("error", function () { if (shown === raster) element("p", raster.image + sarslide.notFound, legend, "scale-note"); });
      layer.on("load error", function () { if (before) before.remove(); }); /* until then the one before stays */
      layer.addTo(map);
    } else if (before) before.remove();
    if (!raster) return;
    element("p", raster.quantity, legend, "scale-name");
    element("div", "", legend, "scale-bar").style.background = "linear-gradient(to right," + raster.gradient.join(",") + ")";
    const ticks = element("div", "", legend, "scale-ticks");
    raster.ticks.forEach(function (tick, k) {
      const end = k === 0 ? raster.ends[0] : k === raster.ticks.length - 1 ? raster.ends[1] : "";
      element("span", k === 0 ? (tick + " " + end).trim() : (end + " " + tick).trim(), ticks);
    });
    if (raster.note) element("p", raster.note, legend, "scale-note");
  }

  /* a line a quantity, a button a track */
  const lines = {};
  function button(raster, title, choice) {
    const line = lines[title] = lines[title] || element("div", "", part, "images");
    if (choice && !line.firstChild) element("span", title, line);
    const made = panel.choice(line, "radio", "raster", choice || title, false, function () { show(raster); });
    if (choice) made.input.setAttribute("aria-label", title + " " + choice);
    buttons[raster ? raster.key : ""] = made.input;
  }
  data.rasters.forEach(function (raster) { button(raster, raster.title, raster.choice); });
  button(null, data.hillshade ? "Hillshade alone" : "None", "");
  const line = element("label", "Opacity ", part, "quiet"), slider = element("input", "", line);
  slider.type = "range";
  slider.min = 0; slider.max = 100; slider.value = 100 * strength;
  slider.addEventListener("input", function () { strength = slider.value / 100; if (layer) layer.setOpacity(strength); });
  part.appendChild(legend);
  show(data.rasters.find(function (raster) { return raster.key === data.shown; }) || null);

  /* The image of the same kind by another track; the rate for the image of all tracks. */
  function ofTrack(track) {
    if (!shown || !track) return null;
    const kind = shown.kind === "better_track" ? "los_rate_mm_per_yr" : shown.kind;
    return data.rasters.find(function (raster) { return raster.kind === kind && raster.track === track; }) || null;
  }
  return { show: show, shown: function () { return shown; }, ofTrack: ofTrack };
};
