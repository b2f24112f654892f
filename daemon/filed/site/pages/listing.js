// What the page does beyond its links and its form: it sorts and filters what it shows without
// asking the server, and moves through it by keys. The address says at any time what is shown.

const form = document.getElementById("filter");
const box = form.elements.filter;
const summary = document.getElementById("summary");
const unmatched = document.getElementById("unmatched");
const table = document.getElementById("entries");
const heads = [...table.tHead.rows[0].cells];
const body = table.tBodies[0];
const up = body.querySelector(".up a");
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const entries = [...body.rows].filter((row) => row.className !== "up").map(read);

// Everything that passed the server's filter is on this page.
const whole = table.dataset.pages === "1";
const served = { filter: box.defaultValue, summary: summary.textContent };
const columns = ["name", "size", "mtime"];
const order = {
  column: heads.findIndex((head) => head.hasAttribute("aria-sort")),
  descending: heads.some((head) => head.getAttribute("aria-sort") === "descending"),
};

function read(row) {
  const link = row.querySelector("a");
  const href = link.getAttribute("href");
  const directory = href.endsWith("/");
  // A character for each byte: the server compares bytes, without a directory's slash.
  const name = href
    .slice(2, directory ? -1 : undefined)
    .replace(/%(..)/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return {
    row,
    link,
    directory,
    name,
    text: folded(utf8.decode(Uint8Array.from(name, (byte) => byte.charCodeAt()))),
    size: Number(row.cells[1].title.replace(/\D/g, "")),
    mtime: Date.parse(row.querySelector("time")?.dateTime ?? "1970-01-01"),
  };
}

// Upper case, since lower case is not always the same for one letter: a sigma at the end of a word.
function folded(text) {
  return text.toUpperCase();
}

// Addresses, written as the server writes them and a form would.

function address({ column, descending }, filter) {
  const query = new URLSearchParams();
  if (column > 0) query.append("sort", columns[column]);
  if (descending) query.append("order", "desc");
  if (filter) query.append("filter", filter);
  return `./${query.toString().replace(/^(?=.)/, "?")}`;
}

function next(column) {
  return { column, descending: column === order.column ? !order.descending : column > 0 };
}

function updateAddresses() {
  clearTimeout(pause);
  const filter = complete() ? box.value : served.filter;
  heads.forEach((head, column) => {
    head.firstElementChild.href = address(next(column), filter);
  });
  history.replaceState(null, "", address(order, filter));
}

// Sorting, in the order of the server: directories first, equal ones by name.

function compare(a, b) {
  return a < b ? -1 : Number(a > b);
}

function sort(column) {
  Object.assign(order, next(column));
  const key = columns[column];
  const sign = order.descending ? -1 : 1;
  entries.sort(
    (a, b) =>
      b.directory - a.directory || sign * (compare(a[key], b[key]) || compare(a.name, b.name)),
  );
  body.append(...entries.map((entry) => entry.row));
  for (const head of heads) head.removeAttribute("aria-sort");
  heads[column].setAttribute("aria-sort", order.descending ? "descending" : "ascending");
  updateAddresses();
}

table.tHead.addEventListener("click", (event) => {
  const head = event.target.closest("a")?.parentElement;
  const elsewhere = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
  if (!whole || !head || elsewhere) return;
  event.preventDefault();
  sort(head.cellIndex);
});

// Filtering. What the server did not send it alone can find.

let pause;

function complete() {
  return whole && folded(box.value).includes(folded(served.filter));
}

function filter() {
  const wanted = folded(box.value);
  let count = 0;
  for (const { row, text } of entries) {
    row.hidden = !text.includes(wanted);
    count += !row.hidden;
  }
  unmatched.hidden = count > 0 || !complete() || (entries.length === 0 && !served.filter);
  summary.textContent = said(count);
  clearTimeout(pause);
  // Browsers refuse to change the address at each stroke of a fast typist.
  if (complete()) pause = setTimeout(updateAddresses, 300);
}

function said(count) {
  if (box.value === served.filter) return served.summary;
  const shown = `${count.toLocaleString("en")} of ${entries.length.toLocaleString("en")} shown`;
  return complete() ? shown : `${shown}; Enter looks through all`;
}

function clear() {
  box.value = "";
  if (served.filter) location.assign(address(order, ""));
  else filter();
}

box.addEventListener("input", filter);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (complete()) {
    updateAddresses();
    move(1);
  } else {
    location.assign(address(order, box.value));
  }
});

// Keys. Arrows scroll as ever, until an entry or the filter has the focus.

function move(step) {
  const links = entries.filter((entry) => !entry.row.hidden).map((entry) => entry.link);
  const first = links[0];
  if (up) links.unshift(up);
  const from = links.indexOf(document.activeElement);
  if (from >= 0) (links[from + step] ?? (step < 0 ? box : null))?.focus();
  else if (step > 0) (first ?? up)?.focus();
}

function inBox(key) {
  if (key === "ArrowDown") return () => move(1);
  if (key === "Escape") return () => (box.value ? clear() : box.blur());
  return null;
}

function onPage(key) {
  const onEntry = body.contains(document.activeElement);
  if (key === "/") return () => box.select();
  if (key === "u" && up) return () => up.click();
  if (key === "j" || (key === "ArrowDown" && onEntry)) return () => move(1);
  if (key === "k" || (key === "ArrowUp" && onEntry)) return () => move(-1);
  return null;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const act = event.target === box ? inBox(event.key) : onPage(event.key);
  if (!act) return;
  event.preventDefault();
  act();
});

form.querySelector("kbd").hidden = false;
