/* What a click on an outline opens: its series, its numbers, links. */
sarslide.services = { "browser.dataspace.copernicus.eu": "Sentinel-2", "earth.google.com": "Google Earth",
  "opentopomap.org": "OpenTopoMap", "macrostrat.org": "geology (Macrostrat)" };
sarslide.popup = function (feature, data) {
  const element = sarslide.element, LEADING = 9;
  const box = element("div");
  element("h3", feature.title, box);
  if (data.series[feature.id]) {
    const place = element("div", "", box, "series-place");
    element("p", "Loading the series …", place, "scale-note");
    sarslide.load(data.series[feature.id]).then(function (known) {
      const tracks = known[feature.id];
      place.replaceChildren(sarslide.seriesPlot(tracks, data.colours), sarslide.seriesLegend(tracks, data.colours));
    }, function (error) { place.replaceChildren(element("p", error.message, null, "scale-note")); });
  }
  function table(pairs, parent) {
    const body = element("tbody", "", element("table", "", parent));
    pairs.forEach(function (pair) {
      const row = element("tr", "", body);
      element("th", pair[0], row).scope = "row";
      const words = /^https?:/.test(pair[1]) ? pair[1].split(" ") : [];
      const cell = element("td", words.length ? "" : pair[1], row);
      words.forEach(function (address) {
        const host = address.split("/")[2], link = element("a", sarslide.services[host] || host, cell);
        link.href = address;
        link.target = "_blank";
        link.rel = "noopener noreferrer";
        cell.append(" ");
      });
    });
  }
  const links = feature.rows.filter(function (pair) { return /^https?:/.test(pair[1]); });
  const facts = feature.rows.filter(function (pair) { return !/^https?:/.test(pair[1]); });
  table(facts.slice(0, LEADING), box);
  if (facts.length > LEADING) {
    const more = element("details", "", box);
    element("summary", "All " + facts.length + " values", more);
    table(facts.slice(LEADING), more);
  }
  if (data.sheets[feature.id]) {
    const link = element("a", "Sheet of " + feature.id + " to print", element("p", "", box));
    link.href = data.sheets[feature.id];
  }
  table(links, box);
  return box;
};
