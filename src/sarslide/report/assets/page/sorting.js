/* Tables that a click on a heading sorts; unknown values come last. */
document.querySelectorAll("table.sortable").forEach(function (table) {
  table.querySelectorAll("th button").forEach(function (button) {
    const heading = button.parentNode;
    button.addEventListener("click", function () {
      const sign = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      const column = heading.cellIndex, numeric = heading.classList.contains("n");
      const value = function (row) { return row.cells[column].dataset.sort; };
      const rows = Array.from(table.tBodies[0].rows);
      rows.sort(function (a, b) {
        const x = value(a), y = value(b);
        if (x === "" || y === "") return (x === "") - (y === "");
        return sign * (numeric ? Number(x) - Number(y) : x.localeCompare(y, "en", { numeric: true }));
      });
      table.querySelectorAll("th").forEach(function (other) { other.removeAttribute("aria-sort"); });
      heading.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      rows.forEach(function (row) { table.tBodies[0].appendChild(row); });
    });
  });
});
