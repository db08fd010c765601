// Splitting a grid by hand: a line drawn on the map fills the form, and the server says what it would make of the grid.
import { TerraDraw, TerraDrawLineStringMode } from "../vendor/terra-draw.mjs";
import { TerraDrawMapLibreGLAdapter } from "../vendor/terra-draw-maplibre.mjs";
import { baseMap, maplibre } from "./base_map.js";

const box = document.getElementById("map"), code = box.dataset.code, form = document.querySelector("form[action$='/split']");
const siblings = JSON.parse(document.getElementById("siblings").textContent);
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const feature = ({ code, name, shape }) => ({ type: "Feature", properties: { code, name }, geometry: shape });
const nothing = { type: "FeatureCollection", features: [] };

const bounds = new maplibre.LngLatBounds();
const each = (places) => (typeof places[0] === "number" ? bounds.extend(places) : places.forEach(each));
each(siblings.find((one) => one.code === code).shape.coordinates);
const map = baseMap(box.querySelector(".canvas"), { bounds, fitBoundsOptions: { padding: 90 }, doubleClickZoom: false });
map.on("load", () => {
  map.addSource("siblings", { type: "geojson", data: { ...nothing, features: siblings.map(feature) } });
  map.addSource("parts", { type: "geojson", data: nothing });
  map.addLayer({ id: "own", type: "fill", source: "siblings", filter: ["==", ["get", "code"], code], paint: { "fill-color": token("accent"), "fill-opacity": 0.1 } });
  map.addLayer({ id: "part", type: "fill", source: "parts", paint: { "fill-color": token("accent"), "fill-opacity": 0.3 } });
  map.addLayer({ id: "siblings-edge", type: "line", source: "siblings", paint: { "line-color": token("accent"), "line-width": ["case", ["==", ["get", "code"], code], 2.5, 1] } });
  map.addLayer({ id: "siblings-names", type: "symbol", source: "siblings", layout: { "text-field": ["get", "name"], "text-font": ["Noto Sans CJK SC"], "text-size": 13 }, paint: { "text-color": token("ink"), "text-halo-color": token("map-halo"), "text-halo-width": 2 } });
  drawing();
  if (form.line.value) show();
  box.dataset.ready = "true";
});

function drawing() {
  const tools = box.querySelector(".draw"), hint = tools.querySelector("[data-hint]");
  const line = token("accent");
  const draw = new TerraDraw({ adapter: new TerraDrawMapLibreGLAdapter({ map }), modes: [new TerraDrawLineStringMode({ styles: { lineStringColor: line, lineStringWidth: 3, closingPointColor: line } })] });
  draw.start();
  tools.hidden = false;
  tools.querySelector("[data-draw]").addEventListener("click", () => { draw.clear(); draw.setMode("linestring"); hint.textContent = hint.dataset.drawing; });
  tools.querySelector("[data-clear]").addEventListener("click", () => { draw.clear(); form.line.value = ""; map.getSource("parts").setData(nothing); hint.textContent = ""; });
  draw.on("finish", (id) => {
    const made = draw.getSnapshot().find((one) => one.id === id);
    form.line.value = made.geometry.coordinates.map((place) => place.map((part) => part.toFixed(7)).join(",")).join(" ");
    draw.setMode("static");
    hint.textContent = hint.dataset.drawn;
    show();
  });
}

form.line.addEventListener("change", show);

// What the line would make of the grid; the server's sentence when it divides nothing.
async function show() {
  const said = [...document.querySelectorAll("[data-part]")], pattern = said[1].dataset.said;
  said.forEach((one) => { one.textContent = ""; });
  const answer = await fetch(`/grids/${encodeURIComponent(code)}/parts?line=${encodeURIComponent(form.line.value)}`, { headers: { accept: "application/json" } });
  if (!answer.ok) { map.getSource("parts").setData(nothing); return; }
  const { parts } = await answer.json();
  map.getSource("parts").setData(parts[0].share ? { type: "Feature", properties: {}, geometry: parts[0].shape } : nothing);
  parts.forEach((part, at) => {
    said[at].textContent = pattern.replace("{share}", `${(part.share * 100).toFixed(1)}%`).replace("{open}", part.open).replace("{recent}", part.recent);
    const field = form[at ? "right_households" : "left_households"];
    if (part.households !== null) field.value = part.households;
  });
}
