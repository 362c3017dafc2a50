"use strict";
// One event is chosen at a time; the picture, the list and the table follow it.
const byId = (id) => document.getElementById(id);
const list = byId("events"), options = [...list.children], find = byId("find");
const picture = byId("picture"), scroller = byId("scroll"), overview = byId("overview");
const rows = [...byId("rows").children], always = new Set(["fault", "process", "phase", "destroyed"]);
const placesOf = (element) => (element.dataset.e || "").split(" ").filter(Boolean).map(Number);
const shapes = new Map();
for (const shape of picture.querySelectorAll("[data-e]"))
  for (const event of placesOf(shape)) shapes.set(event, [...(shapes.get(event) || []), shape]);
let chosen = null;

function choose(event, move = true) {
  for (const shape of shapes.get(chosen) || []) shape.classList.remove("on");
  for (const line of document.querySelectorAll(".lifeline[data-life]"))
    line.classList.toggle("shown", Number(line.dataset.life) === event);
  chosen = event;
  picture.classList.toggle("choosing", event !== null);
  for (const shape of shapes.get(event) || []) shape.classList.add("on");
  for (const option of options) option.setAttribute("aria-selected", String(Number(option.dataset.event) === event));
  if (event === null) list.removeAttribute("aria-activedescendant");
  else {
    list.setAttribute("aria-activedescendant", options[event].id);
    const option = options[event];
    if (option.offsetTop < list.scrollTop + list.offsetTop || option.offsetTop + option.offsetHeight > list.offsetTop + list.scrollTop + list.clientHeight)
      list.scrollTop = option.offsetTop - list.offsetTop - list.clientHeight / 2;
  }
  filterRows();
  if (move && event !== null) showFirst();
}

function step(by) {
  const open = options.filter((option) => !option.hidden);
  if (!open.length) return;
  const at = open.findIndex((option) => Number(option.dataset.event) === chosen);
  const next = at < 0 ? (by > 0 ? 0 : open.length - 1) : Math.min(open.length - 1, Math.max(0, at + by));
  choose(Number(open[next].dataset.event));
}

function filterEvents() {
  const wanted = find.value.trim().toLowerCase();
  for (const option of options) option.hidden = !option.textContent.toLowerCase().includes(wanted);
  if (chosen === null || options[chosen].hidden) step(1);
}

function filterRows() {
  const wanted = byId("words").value.trim().toLowerCase(), kind = byId("kind").value;
  const only = byId("only").checked && chosen !== null;
  let shown = 0;
  for (const row of rows) {
    const ours = !only || always.has(row.dataset.k) || placesOf(row).includes(chosen);
    row.hidden = !(ours && (!kind || row.dataset.k === kind) && (!wanted || row.textContent.toLowerCase().includes(wanted)));
    row.tabIndex = -1;
    if (!row.hidden && shown++ === 0) row.tabIndex = 0;
  }
  byId("shown").textContent = `${shown} of ${rows.length} records`;
}

function scrollTo(x) {
  scroller.scrollLeft = x - scroller.clientWidth / 3;
}

function showFirst() {
  const first = rows.find((row) => placesOf(row).includes(chosen));
  if (first) scroller.scrollLeft = Number(first.dataset.x) - 60;
}

function point(row) {
  const cursor = byId("cursor");
  cursor.setAttribute("x1", row.dataset.x);
  cursor.setAttribute("x2", row.dataset.x);
  cursor.style.visibility = "visible";
  scrollTo(Number(row.dataset.x));
}

function showWindow() {
  if (!overview) return;
  byId("window").setAttribute("x", scroller.scrollLeft);
  byId("window").setAttribute("width", scroller.clientWidth);
}

list.addEventListener("click", (click) => {
  const option = click.target.closest("[data-event]");
  if (option) choose(Number(option.dataset.event));
});
find.addEventListener("input", filterEvents);
for (const id of ["words", "kind", "only"]) byId(id).addEventListener("input", filterRows);
picture.addEventListener("click", (click) => {
  const shape = click.target.closest("[data-r]");
  if (!shape) return;
  const events = placesOf(shape);
  if (events.length && !events.includes(chosen)) choose(events[0], false);
  const row = byId(`r${shape.dataset.r}`);
  if (!row.hidden) row.scrollIntoView({ block: "nearest" });
  point(row);
  scrollTo(Number(row.dataset.x));
});
byId("rows").addEventListener("focusin", (focus) => point(focus.target.closest("tr")));
byId("rows").addEventListener("click", (click) => click.target.closest("tr").focus());
byId("rows").addEventListener("keydown", (key) => {
  const by = { ArrowDown: 1, ArrowUp: -1 }[key.key];
  if (!by) return;
  const open = rows.filter((row) => !row.hidden);
  const next = open[open.indexOf(key.target.closest("tr")) + by];
  if (next) next.focus();
  key.preventDefault();
  key.stopPropagation();
});
scroller.addEventListener("scroll", showWindow);
addEventListener("resize", showWindow);
if (overview)
  overview.addEventListener("click", (click) => {
    const box = overview.getBoundingClientRect();
    scroller.scrollLeft = ((click.clientX - box.left) / box.width) * picture.clientWidth - scroller.clientWidth / 2;
  });
const copy = byId("copy");
if (copy)
  copy.addEventListener("click", () => {
    getSelection().selectAllChildren(byId("replay"));
    copy.textContent = document.execCommand("copy") ? "Copied" : "Selected";
  });

addEventListener("keydown", (key) => {
  const target = key.target, writing = target.matches("input[type=search], select");
  if (key.ctrlKey || key.metaKey || key.altKey) return;
  if (writing) {
    if (key.key === "Escape") {
      target.value = "";
      target.dispatchEvent(new Event("input"));
      list.focus();
    } else if (target === find && (key.key === "Enter" || key.key === "ArrowDown")) list.focus();
    else return;
  } else if (key.key === "/") find.focus();
  else if (key.key === "t") byId("words").focus();
  else if (key.key === "Escape") choose(null);
  else if (target === list && key.key === "Home") step(-options.length);
  else if (target === list && key.key === "End") step(options.length);
  else if (key.key === "ArrowRight" && target !== scroller) step(1);
  else if (key.key === "ArrowLeft" && target !== scroller) step(-1);
  else if (key.key === "ArrowDown" && target === list) step(1);
  else if (key.key === "ArrowUp" && target === list) step(-1);
  else return;
  key.preventDefault();
});

if (options.length) choose(Number(list.dataset.chosen));
else filterRows();
list.focus({ preventScroll: true });
showWindow();
