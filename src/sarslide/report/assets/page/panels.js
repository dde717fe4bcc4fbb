/* On a narrow screen the panels of a figure stand below each other: cuts of one picture. */
(function () {
  const narrow = window.matchMedia("(max-width: 760px)");
  function cut(picture) {
    const columns = Number(picture.dataset.columns), rows = Number(picture.dataset.rows), panels = Number(picture.dataset.panels);
    const box = sarslide.element("div", "", null, "panels");
    box.setAttribute("role", "img");
    box.setAttribute("aria-label", picture.alt);
    for (let k = 0; k < panels; k++) {
      const part = sarslide.element("div", "", box), copy = sarslide.element("img", "", part);
      const down = Math.floor(k / columns);
      copy.src = picture.src;
      copy.alt = "";
      part.style.aspectRatio = picture.naturalWidth / columns + " / " + picture.naturalHeight / rows;
      copy.style.width = 100 * columns + "%";
      copy.style.transform = "translate(" + -100 * (k % columns) / columns + "%, " + -100 * down / rows + "%)";
    }
    picture.after(box);
    picture.hidden = true;
  }
  function all() {
    if (!narrow.matches) return;
    document.querySelectorAll("img[data-panels]:not([hidden])").forEach(function (picture) {
      if (picture.complete && picture.naturalWidth) cut(picture);
      else picture.addEventListener("load", function () { cut(picture); }, { once: true });
    });
  }
  function whole() {
    document.querySelectorAll("div.panels").forEach(function (box) { box.previousElementSibling.hidden = false; box.remove(); });
  }
  narrow.addEventListener("change", function () { if (narrow.matches) all(); else whole(); });
  window.addEventListener("beforeprint", whole);
  window.addEventListener("afterprint", all);
  all();
})();
