"use strict";
/* What the other scripts share. All text enters the page as text nodes: nothing from a file is read as HTML. */
const sarslide = {};

sarslide.element = function (tag, text, parent, className) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  if (className) made.className = className;
  if (parent) parent.appendChild(made);
  return made;
};

sarslide.drawn = function (tag, attributes, parent) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  Object.keys(attributes).forEach(function (key) { made.setAttribute(key, attributes[key]); });
  if (parent) parent.appendChild(made);
  return made;
};

/* Numbers as the tables write them: a real minus sign, no negative zero. */
sarslide.number = function (value, digits) {
  const text = value.toFixed(digits);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "\u2212");
};

/* What lies beside the page comes as a script that calls sarslideData: a page opened from a disk may read no file. */
sarslide.notFound = " lies beside this page and was not found there: keep the folder with the page.";
window.sarslideData = function (data) { document.currentScript.receive(data); };
(function () {
  const asked = {};
  sarslide.load = function (path) {
    asked[path] = asked[path] || new Promise(function (resolve, reject) {
      const script = document.createElement("script");
      script.receive = resolve;
      script.onerror = function () { delete asked[path]; reject(new Error(path + sarslide.notFound)); };
      script.src = path;
      document.body.appendChild(script);
    });
    return asked[path];
  };
})();
