// Tables that can be sorted: a button in each heading, by click, Enter or Space.
// Without JavaScript the headings are what they were.
(() => {
  const status = document.getElementById("sorted");
  const key = (cell) => (cell.dataset.n === undefined ? null : Number(cell.dataset.n));

  // Numbers before texts; cells without a number stay at the end, whichever way one sorts.
  function compare(a, b, sign) {
    const [x, y] = [key(a), key(b)];
    if (x !== null && y !== null) return x === y ? 0 : sign * (x < y ? -1 : 1);
    if (x !== null || y !== null) return x !== null ? -1 : 1;
    return sign * a.textContent.localeCompare(b.textContent);
  }

  function sort(table, heading) {
    const sign = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    const column = heading.cellIndex;
    for (const other of table.tHead.rows[0].cells) other.setAttribute("aria-sort", "none");
    heading.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
    const body = table.tBodies[0];
    const rows = [...body.rows];
    rows.sort((a, b) => compare(a.cells[column], b.cells[column], sign));
    body.append(...rows);
    status.textContent =
      `${table.caption.textContent}: sorted by ${heading.textContent}, ` +
      (sign > 0 ? "ascending" : "descending");
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    if (table.tBodies[0].rows.length < 2) continue;
    for (const heading of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      heading.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => sort(table, heading));
    }
  }
})();
