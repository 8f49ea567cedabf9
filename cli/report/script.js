
"use strict";
// Sorts and filters the table of images, which is complete without it.
(() => {
  const table = document.getElementById("images-table");
  const body = table.tBodies[0];
  const heads = Array.from(table.tHead.rows[0].cells);
  const rows = Array.from(body.rows); // from the highest to the lowest score

  const compare = {
    number: (a, b) => a - b,
    text: (a, b) => a.localeCompare(b, "en", { numeric: true }),
  };

  // sortBy orders the rows by a column, or turns its order round if it is
  // sorted already; a head with data-before starts as if it had that order. Equal
  // rows stay from the highest to the lowest score.
  function sortBy(head) {
    const now = head.getAttribute("aria-sort") ?? head.dataset.before;
    const down = now === "ascending";
    for (const h of heads) h.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = (row) => row.cells[head.cellIndex].dataset.key;
    const order = compare[head.dataset.sort];
    body.append(...Array.from(rows).sort((a, b) => (down ? order(key(b), key(a)) : order(key(a), key(b)))));
  }

  for (const head of heads) {
    if (!head.dataset.sort) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sortBy(head));
    head.append(button);
  }

  const set = document.getElementById("images-set");
  const search = document.getElementById("images-search");
  const count = document.getElementById("images-count");

  function filter() {
    const text = search.value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      const [, , label, , , number] = row.cells;
      const fits = label.dataset.key.toLowerCase().includes(text) || number.dataset.key === text;
      row.hidden = !(fits && (set.value === "" || row.dataset.set === set.value));
      if (!row.hidden) shown++;
    }
    count.textContent = shown + " of " + rows.length + " shown";
  }

  set.addEventListener("change", filter);
  search.addEventListener("input", filter);
  document.getElementById("images-controls").hidden = false;
  filter(); // the browser may have kept what was typed before a reload
})();
