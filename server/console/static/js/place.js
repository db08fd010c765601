// A place is chosen on a map beside its field: a click writes the degrees, and what is typed or came is shown. Without it
// the field is whole.
import { baseMap } from "./base_map.js";

const nothing = { type: "FeatureCollection", features: [] };

for (const box of document.querySelectorAll("[data-picks]")) {
  box.hidden = false;
  // In a part of the page that is closed there is no room for a map yet.
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    seen.disconnect();
    begin(box);
  });
  seen.observe(box);
}

function begin(box) {
  const field = document.getElementById(box.dataset.picks), area = document.getElementById(box.dataset.area);
  const came = read(box.dataset.came), place = read(field.value) ?? came;
  const [west, south, east, north] = (box.dataset.extent || "").split(",").map(Number);
  const view = place ? { center: place, zoom: 16 } : { bounds: [[west, south], [east, north]], fitBoundsOptions: { padding: 16 } };
  const map = baseMap(box.querySelector(".canvas"), view);
  map.getCanvas().style.cursor = "crosshair";
  map.on("load", () => {
    const colour = getComputedStyle(document.documentElement).getPropertyValue("--accent-line").trim();
    map.addSource("place", { type: "geojson", data: nothing });
    map.addLayer({ id: "place", type: "circle", source: "place", paint: { "circle-radius": 8, "circle-color": colour, "circle-opacity": ["case", ["get", "chosen"], 1, 0.35], "circle-stroke-color": "#fff", "circle-stroke-width": 2 } });
    show();
    box.dataset.ready = "true";
  });
  map.on("click", ({ lngLat }) => { field.value = `${lngLat.lng.toFixed(6)}, ${lngLat.lat.toFixed(6)}`; area.value = ""; show(); });
  field.addEventListener("input", () => { if (read(field.value)) area.value = ""; show(); });
  area.addEventListener("change", () => { if (area.value) field.value = ""; show(); });

  // What came stays faint beside what was chosen.
  function show() {
    const points = [[came, false], [read(field.value), true]].filter(([at]) => at);
    const features = points.map(([at, chosen]) => ({ type: "Feature", properties: { chosen }, geometry: { type: "Point", coordinates: at } }));
    map.getSource("place")?.setData({ ...nothing, features });
  }
}

function read(text) {
  const parts = (text || "").replace("，", ",").split(",").map((part) => (part.trim() ? Number(part) : NaN));
  return parts.length === 2 && parts.every(Number.isFinite) && Math.abs(parts[0]) <= 180 && Math.abs(parts[1]) <= 90 ? parts : null;
}
