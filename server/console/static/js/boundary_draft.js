// The map of a draft: ground that would change hands, tinted, with what it was and would be.
import { baseMap, maplibre } from "./base_map.js";

const box = document.getElementById("map");
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
if (box?.dataset.extent) start().catch(() => { box.querySelector(".canvas").textContent = box.dataset.wordLost; });

async function start() {
  const ground = await (await fetch(box.dataset.ground)).json();
  const grids = { ...ground, features: ground.features.filter((one) => one.properties.level === 3) };
  const bounds = new maplibre.LngLatBounds();
  const each = (places) => (typeof places[0] === "number" ? bounds.extend(places) : places.forEach(each));
  (grids.features.length ? grids : ground).features.forEach((one) => each(one.geometry.coordinates));
  const map = baseMap(box.querySelector(".canvas"), { bounds, fitBoundsOptions: { padding: 80, maxZoom: 16 } });
  map.on("load", () => {
    map.addSource("ground", { type: "geojson", data: grids.features.length ? grids : ground });
    map.addLayer({ id: "ground", type: "fill", source: "ground", paint: { "fill-color": token("accent"), "fill-opacity": 0.28 } });
    map.addLayer({ id: "ground-edge", type: "line", source: "ground", paint: { "line-color": token("accent"), "line-width": 2 } });
    map.addLayer({ id: "ground-names", type: "symbol", source: "ground", layout: { "text-field": ["concat", ["coalesce", ["get", "was"], "–"], " → ", ["coalesce", ["get", "now"], "–"]], "text-font": ["Noto Sans CJK SC"], "text-size": 13 }, paint: { "text-color": token("ink"), "text-halo-color": token("map-halo"), "text-halo-width": 2 } });
    box.dataset.ready = "true";
  });
  map.on("click", "ground", ({ features: [hit] }) => {
    for (const row of document.querySelectorAll("tr[data-was]")) row.classList.toggle("on", row.dataset.was === (hit.properties.was ?? "") && row.dataset.now === (hit.properties.now ?? ""));
    document.querySelector("tr.on")?.scrollIntoView({ block: "nearest" });
  });
}
