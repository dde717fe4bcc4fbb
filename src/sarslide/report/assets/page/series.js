/* The series of an object as a small plot: a line a track, bars for the spread over its cells. */
sarslide.seriesPlot = function (tracks, colours) {
  const width = 320, height = 170, left = 44, right = 10, top = 12, bottom = 24;
  const names = Object.keys(tracks).sort();
  const day = function (date) { return Date.UTC(date.slice(0, 4), date.slice(4, 6) - 1, date.slice(6)) / 864e5; };
  const days = [], heights = [0];
  names.forEach(function (name) {
    const one = tracks[name];
    one.dates.forEach(function (date, k) {
      days.push(day(date));
      heights.push(one.mm[k] + (one.spread[k] || 0), one.mm[k] - (one.spread[k] || 0));
    });
  });
  const first = Math.min.apply(null, days), last = Math.max.apply(null, days);
  const span = Math.max.apply(null, heights) - Math.min.apply(null, heights) || 1;
  const power = Math.pow(10, Math.floor(Math.log10(span / 3)));
  const step = [1, 2, 5, 10].map(function (k) { return k * power; }).find(function (k) { return span / k <= 5; });
  const low = Math.floor(Math.min.apply(null, heights) / step) * step;
  const high = Math.ceil(Math.max.apply(null, heights) / step) * step || step;
  const x = function (at) { return left + (at - first) / (last - first || 1) * (width - left - right); };
  const y = function (mm) { return top + (high - mm) / (high - low) * (height - top - bottom); };

  const words = names.map(function (name) {
    const one = tracks[name];
    return name + " from 0 to " + sarslide.number(one.mm[one.mm.length - 1] - one.mm[0], 0) + " mm";
  });
  const plot = sarslide.drawn("svg", { viewBox: [0, 0, width, height].join(" "), class: "series", role: "img",
    "aria-label": "Displacement towards the satellite since the first date: " + words.join(", ") });
  function text(words, at, anchor) {
    sarslide.drawn("text", { x: at[0], y: at[1], "text-anchor": anchor }, plot).textContent = words;
  }
  for (let mm = low; mm <= high + step / 2; mm += step) {
    sarslide.drawn("line", { x1: left, x2: width - right, y1: y(mm), y2: y(mm), class: Math.abs(mm) < step / 2 ? "zero" : "rule" }, plot);
    text(sarslide.number(mm, step < 1 ? 1 : 0), [left - 5, y(mm) + 3.5], "end");
  }
  text("mm", [4, top + 3], "start");
  [first, (first + last) / 2, last].forEach(function (at, k) {
    text(new Date(at * 864e5).toISOString().slice(0, 10), [x(at), height - 8], ["start", "middle", "end"][k]);
  });
  names.forEach(function (name) {
    const one = tracks[name], colour = colours[name];
    const places = one.dates.map(function (date, k) { return [x(day(date)), y(one.mm[k])]; });
    one.spread.forEach(function (spread, k) {
      if (spread === null) return;
      sarslide.drawn("line", { x1: places[k][0], x2: places[k][0], y1: y(one.mm[k] - spread), y2: y(one.mm[k] + spread),
        stroke: colour, "stroke-opacity": 0.35 }, plot);
    });
    sarslide.drawn("polyline", { points: places.join(" "), fill: "none", stroke: colour, "stroke-width": 1.4 }, plot);
    places.forEach(function (place) { sarslide.drawn("circle", { cx: place[0], cy: place[1], r: 1.8, fill: colour }, plot); });
  });
  return plot;
};

/* Under a plot: which colour is which track, and what the bars are. */
sarslide.seriesLegend = function (tracks, colours) {
  const line = sarslide.element("p", "", null, "scale-note");
  Object.keys(tracks).sort().forEach(function (name) {
    sarslide.element("strong", name + " ", line).style.color = colours[name];
  });
  const spread = Object.keys(tracks).some(function (name) { return tracks[name].spread.some(function (s) { return s !== null; }); });
  line.append("towards the satellite, since the first date" + (spread ? "; bars: spread over its cells" : ""));
  return line;
};
