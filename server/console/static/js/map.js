// The map page: map, list and drawer of the same cases, kept in step. Without it the page is a list with links.
import "./acts.js";
import { baseMap, maplibre } from "./base_map.js";
import { clusterPopup } from "./clusters.js";
import { Drawer } from "./drawer.js";
import { facilitySwitches } from "./facilities.js";
import { live } from "./live.js";
import { refresh } from "./live_list.js";
import { caseTiles, mapStyle } from "./map_style.js";
import { drawMarks } from "./marks.js";
import { inField, moveByKeys } from "./rows.js";

const box = document.getElementById("map"), work = document.querySelector(".work"), keys = document.querySelector(".keys");
const query = work.dataset.query;
const row = (number) => document.querySelector(`.list li[data-number="${CSS.escape(number)}"]`);
const address = (number) => `/map?${query}${number ? `&open=${encodeURIComponent(number)}` : ""}`;

const map = box.dataset.extent ? startMap() : null;
const drawer = new Drawer(document.querySelector(".drawer"), {
  failed: box.dataset.wordFailed,
  onOpen: (number) => { choose(number); resize(); },
  onClose: () => { choose(null); history.pushState(null, "", address(null)); resize(); },
  onChange: (number) => { refresh([number]); reloadCases(); },
});
let picked = null, cell = null;

function startMap() {
  const [west, south, east, north] = box.dataset.extent.split(",").map(Number);
  let made;
  try {
    made = baseMap(box.querySelector(".canvas"), { bounds: [[west, south], [east, north]], fitBoundsOptions: { padding: 24, maxZoom: 17 } }, { caseQuery: query });
  } catch {
    box.querySelector("[data-mapsay] p").textContent = box.dataset.wordLost;
    return null;
  }
  drawMarks(made);
  const facilities = box.querySelector(".things");
  if (facilities) facilitySwitches(made, box, facilities);
  for (const part of [".layers", ".scale", ".zoom"]) box.querySelector(part).hidden = false;
  made.on("move", scale);
  made.on("load", () => { scale(); box.dataset.ready = "true"; });
  made.on("click", clickedOnMap);
  for (const layer of ["marks", "clusters"]) {
    made.on("mouseenter", layer, () => { made.getCanvas().style.cursor = "pointer"; });
    made.on("mouseleave", layer, () => { made.getCanvas().style.cursor = ""; });
  }
  return made;
}

function clickedOnMap({ point }) {
  const near = [[point.x - 8, point.y - 8], [point.x + 8, point.y + 8]];
  const [hit] = map.queryRenderedFeatures(near, { layers: ["marks", "clusters"].filter((id) => map.getLayer(id)) });
  if (!hit) return;
  if (hit.layer.id === "clusters") {
    cell?.remove();
    cell = clusterPopup(map, box.dataset, query, hit, (center) => map.easeTo({ center, zoom: map.getZoom() + 2, duration: calm(120) }));
  }
  else open(hit.properties.number);
}

const calm = (ms) => (matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : ms);
const resize = () => requestAnimationFrame(() => { map?.resize(); keepInSight(); });

function open(number) {
  history.pushState(null, "", address(number));
  drawer.open(number);
}

// Marks the chosen case in list and map.
function choose(number) {
  for (const item of document.querySelectorAll(".list .on")) item.classList.remove("on");
  const chosen = number && row(number);
  chosen?.classList.add("on");
  chosen?.scrollIntoView({ block: "nearest" });
  picked?.remove();
  picked = null;
  const spot = chosen?.dataset.lon ? chosen.dataset : null;
  if (map && spot) {
    const ring = document.createElement("div");
    ring.className = "ring";
    picked = new maplibre.Marker({ element: ring }).setLngLat([Number(spot.lon), Number(spot.lat)]).addTo(map);
  }
}

// The map pans only if the chosen case would be hidden, and just enough.
function keepInSight() {
  if (!picked) return;
  const at = map.project(picked.getLngLat()), { clientWidth: w, clientHeight: h } = map.getContainer(), edge = 48;
  const by = [at.x < edge ? at.x - edge : Math.max(0, at.x - (w - edge)), at.y < edge ? at.y - edge : Math.max(0, at.y - (h - edge))];
  if (by[0] || by[1]) map.panBy(by, { duration: calm(200) });
}

function scale() {
  const bar = box.querySelector(".scale"), metres = map.unproject([0, 0]).distanceTo(map.unproject([100, 0]));
  const steps = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000];
  const fit = steps.findLast((step) => step <= metres) ?? steps[0];
  bar.style.width = `${Math.round((100 * fit) / metres)}px`;
  bar.textContent = fit < 1000 ? box.dataset.wordMetres.replace("{count}", fit) : box.dataset.wordKilometres.replace("{count}", fit / 1000);
}

function reloadCases() {
  map?.getSource("cases")?.setTiles(caseTiles(query, Date.now()));
}

document.querySelector("[data-fresh]").addEventListener("click", () => location.reload());
document.querySelector(".list").addEventListener("click", (event) => {
  const item = event.target.closest("li[data-number]");
  if (!item || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  open(item.dataset.number);
});
addEventListener("popstate", () => {
  const number = new URL(location.href).searchParams.get("open");
  if (number) drawer.open(number); else drawer.close();
});

box.querySelector(".zoom").addEventListener("click", (event) => {
  const way = event.target.closest("button")?.dataset.zoom;
  if (way) map.zoomTo(map.getZoom() + (way === "in" ? 1 : -1), { duration: calm(120) });
});
box.querySelector(".layers").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const on = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(on));
  const mine = { cases: (id) => ["clusters", "marks"].includes(id), base: (id) => id.startsWith("base-") || id === "road-names", grids: (id) => /border$|^(grid|community|street)-names$/.test(id) }[button.dataset.layer];
  for (const { id } of map.getStyle().layers) if (mine(id)) map.setLayoutProperty(id, "visibility", on ? "visible" : "none");
});

const keysButton = document.querySelector("[data-keys]");
keysButton.hidden = false;
keysButton.addEventListener("click", () => (keys.open ? keys.close() : keys.show()));
moveByKeys(".list .ti");
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || (inField(event.target) && event.key !== "Escape")) return;
  if (event.key === "Escape") { if (keys.open) keys.close(); else if (inField(event.target)) event.target.blur(); else if (cell?.isOpen()) cell.remove(); else drawer.close(); }
  else if (event.key === "?") keysButton.click();
  else if (event.key === "d") drawer.press("dispatch");
  else if (event.key === "n") document.querySelector("[data-new]")?.click();
  else return;
  event.preventDefault();
});

const tabs = document.querySelector(".tabs");
tabs.hidden = false;
work.dataset.tab = "list";
tabs.addEventListener("click", (event) => {
  const tab = event.target.closest("button");
  if (!tab) return;
  work.dataset.tab = tab.dataset.tab;
  for (const other of tabs.children) other.setAttribute("aria-selected", String(other === tab));
  map?.resize();
});

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => map?.setStyle(mapStyle({ caseQuery: query }), { diff: false }));
live((numbers) => { refresh(numbers); reloadCases(); });
const opened = new URL(location.href).searchParams.get("open");
if (opened && !drawer.element.hidden) { drawer.number = opened; choose(opened); map?.once("load", keepInSight); }
