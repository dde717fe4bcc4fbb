/* A slider over time: displacement since the first date, and the landslides that a release up to then has. Its images and
   outlines lie beside the page and are loaded when it moves. */
sarslide.timeline = function (data, images, outlines, panel) {
  if (!data.timeline.length) return;
  const element = sarslide.element, part = panel.group("Dates and releases");
  panel.box.prepend(part); /* beside the map, also where the panel is below it */
  let track = data.timeline[0];

  if (data.timeline.length > 1) {
    const line = element("label", "Track", part, "pick"), list = element("select", "", line);
    data.timeline.forEach(function (one) { element("option", one.track, list); });
    list.addEventListener("change", function () { track = data.timeline[list.selectedIndex]; rest(); });
  }
  const line = element("label", "Date", part, "pick"), slider = element("input", "", line), note = element("p", "", part, "scale-note");
  slider.type = "range";
  slider.min = 0;
  slider.step = 1;

  function tell(text) {
    note.textContent = text;
    slider.setAttribute("aria-valuetext", text);
  }
  function rest() {
    const stops = track.stops;
    slider.max = stops.length - 1;
    slider.value = slider.max;
    const first = stops[0].date, last = stops[stops.length - 1].date;
    const what = stops.some(function (stop) { return stop.image !== null; }) ? " dates and releases" : " releases";
    tell(stops.length + what + (first === last ? " up to " + last : " from " + first + " to " + last) + "; what they show is loaded when it moves");
  }
  slider.addEventListener("input", function () {
    const stop = track.stops[slider.value], words = [stop.date];
    if (stop.image !== null) {
      images.show(Object.assign({ key: "date", kind: "date", track: track.track, label: "Displacement " + track.track + " " + stop.date,
        image: data.dates.files[track.track][stop.image] }, data.dates.legend));
      words.push("displacement of " + track.track);
    }
    const earlier = stop.release !== null && stop.release >= 0;
    if (data.releases.length) outlines.beside(earlier ? String(stop.release) : "");
    if (stop.release !== null) words.push("release " + (earlier ? data.releases[stop.release].label : "of this page"));
    else if (data.releases.length) words.push("before the first release that lies beside this page");
    tell(words.join(", "));
  });
  rest();
};
