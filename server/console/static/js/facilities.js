// Layers of facilities on the map: each is fetched only when it is switched on, for opening one is written down.
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const shown = new Set();

export function facilitySwitches(map, box, panel) {
  panel.hidden = false;
  panel.addEventListener("change", ({ target }) => {
    if (target.checked) shown.add(target.value); else shown.delete(target.value);
    draw(map);
  });
  map.on("style.load", () => draw(map));
  map.on("click", ({ point }) => {
    const near = [[point.x - 8, point.y - 8], [point.x + 8, point.y + 8]];
    const [hit] = map.queryRenderedFeatures(near, { layers: layersOf(map) });
    panel.querySelector("output").textContent = hit ? `${hit.properties.name || ""} ${hit.properties.code}`.trim() : "";
  });
}

const layersOf = (map) => map.getStyle().layers.map(({ id }) => id).filter((id) => id.startsWith("facility-"));

function draw(map) {
  for (const id of layersOf(map)) if (!shown.has(id.replace(/^facility-(point|line|name)-/, ""))) map.removeLayer(id);
  for (const id of Object.keys(map.getStyle().sources)) if (id.startsWith("facility-") && !shown.has(id.slice(9))) map.removeSource(id);
  for (const code of shown) if (!map.getSource(`facility-${code}`)) add(map, code);
}

function add(map, code) {
  const source = `facility-${code}`, common = { source, "source-layer": "facilities", minzoom: 14 };
  const below = map.getLayer("clusters") ? "clusters" : undefined;
  map.addSource(source, { type: "vector", tiles: [`${location.origin}/tiles/facilities/{z}/{x}/{y}.mvt?layer=${encodeURIComponent(code)}`], minzoom: 14, maxzoom: 16 });
  map.addLayer({ id: `facility-line-${code}`, type: "line", ...common, filter: ["==", ["geometry-type"], "LineString"], paint: { "line-color": token("accent"), "line-width": 2 } }, below);
  map.addLayer({ id: `facility-point-${code}`, type: "circle", ...common, filter: ["==", ["geometry-type"], "Point"], paint: { "circle-radius": ["interpolate", ["linear"], ["zoom"], 14, 2.5, 17, 5], "circle-color": token("surface"), "circle-stroke-color": token("accent"), "circle-stroke-width": 2 } }, below);
  map.addLayer({ id: `facility-name-${code}`, type: "symbol", ...common, minzoom: 17, layout: { "text-field": ["coalesce", ["get", "name"], ["get", "code"]], "text-font": ["Noto Sans CJK SC"], "text-size": 12, "text-offset": [0, 1], "text-anchor": "top" }, paint: { "text-color": token("map-label"), "text-halo-color": token("map-halo"), "text-halo-width": 1.6 } }, below);
}
