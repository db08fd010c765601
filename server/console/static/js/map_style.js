// The map's style, made from the tokens of the present theme. From below: land, green, buildings, water, roads,
// grid, community and street borders, names. Grid lines alone must do where there is no base map.
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const FONT = ["Noto Sans CJK SC"];
const tiles = (path) => [`${location.origin}${path}`];
// The question of the list is the question of the map; `fresh` makes the address new after an act.
export const caseTiles = (query, fresh = 0) => tiles(`/tiles/cases/{z}/{x}/{y}.mvt?${query}${fresh ? `&fresh=${fresh}` : ""}`);

export function mapStyle({ caseQuery = null } = {}) {
  const style = {
    version: 8,
    sources: {
      base: { type: "geojson", data: "/tiles/basemap.geojson" },
      grids: { type: "vector", tiles: tiles("/tiles/grids/{z}/{x}/{y}.mvt"), minzoom: 0, maxzoom: 15 },
    },
    layers: [
      { id: "outside", type: "background", paint: { "background-color": token("map-land-2") } },
      { id: "land", type: "fill", source: "grids", "source-layer": "streets", paint: { "fill-color": token("map-land"), "fill-antialias": false } },
      { id: "base-green", type: "fill", source: "base", filter: ["==", ["get", "kind"], "green"], paint: { "fill-color": token("map-green") } },
      { id: "base-buildings", type: "fill", source: "base", minzoom: 14, filter: ["==", ["get", "kind"], "building"], paint: { "fill-color": token("map-building") } },
      { id: "base-water", type: "fill", source: "base", filter: ["==", ["get", "kind"], "water"], paint: { "fill-color": token("map-water") } },
      ...roads(),
      border("grid", "grids", "map-grid", { "line-width": ["interpolate", ["linear"], ["zoom"], 11, 0.3, 14, 0.9] }, 11.5),
      border("community", "communities", "map-community", { "line-width": 1.2, "line-dasharray": [5, 2.5] }, 10),
      border("street", "streets", "map-street", { "line-width": ["interpolate", ["linear"], ["zoom"], 9, 1, 13, 2] }, 0),
      { ...label("base-names", 14.5, 12, "ink-3"), source: "base", filter: ["all", ["==", ["geometry-type"], "Point"], ["has", "name"]] },
      { ...label("road-names", 14, 12, "ink-3"), source: "base", filter: ["all", ["==", ["get", "kind"], "road"], ["has", "name"]], layout: { ...label("", 0, 12).layout, "symbol-placement": "line", "symbol-spacing": 600 } },
      { ...label("grid-names", 15, 12, "ink-3"), source: "grids", "source-layer": "labels", filter: ["==", ["get", "level"], 3] },
      { ...label("community-names", 12.6, 13, "ink-2"), source: "grids", "source-layer": "labels", filter: ["==", ["get", "level"], 2] },
      { ...label("street-names", 10.5, 16, "ink", true), source: "grids", "source-layer": "labels", filter: ["==", ["get", "level"], 1] },
    ],
  };
  if (caseQuery !== null) {
    style.sources.cases = { type: "vector", tiles: caseTiles(caseQuery), minzoom: 0, maxzoom: 16 };
    style.layers.push(...caseLayers());
  }
  return style;
}

function border(id, layer, colour, paint, minzoom) {
  return { id: `${id}-border`, type: "line", source: "grids", "source-layer": layer, minzoom, layout: { "line-join": "round" }, paint: { "line-color": token(colour), ...paint } };
}

function roads() {
  const road = (kind, width) => ["all", ["==", ["get", "kind"], "road"], ["==", ["get", "class"], kind]];
  const wide = (factor, extra) => ["interpolate", ["exponential", 1.6], ["zoom"], 11, 0.5 * factor + extra / 2, 14, 3 * factor + extra, 17, 11 * factor + extra];
  const kinds = [["lane", 0.45], ["secondary", 1], ["primary", 1.5]];
  const line = (id, kind, colour, width, minzoom) => ({ id, type: "line", source: "base", minzoom, filter: road(kind), layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": token(colour), "line-width": width } });
  return [
    ...kinds.slice(1).map(([kind, factor]) => line(`base-${kind}-edge`, kind, "map-road-edge", wide(factor, 1.5), 10)),
    ...kinds.map(([kind, factor]) => line(`base-${kind}`, kind, "map-road", wide(factor, 0), kind === "lane" ? 12.5 : 10)),
  ];
}

function label(id, minzoom, size, colour = "map-label", bold = false) {
  return {
    id, type: "symbol", minzoom,
    layout: { "text-field": ["get", "name"], "text-font": bold ? ["Noto Sans CJK SC Bold"] : FONT, "text-size": size, "text-padding": 6, "text-max-width": 8 },
    paint: { "text-color": token(colour), "text-halo-color": token("map-halo"), "text-halo-width": 1.6 },
  };
}

function caseLayers() {
  const late = ["match", ["get", "status"], "overdue", 0, "soon", 1, "ontime", 2, 3];
  return [
    { id: "clusters", type: "symbol", source: "cases", "source-layer": "clusters", layout: { "icon-image": ["concat", "cluster:", ["coalesce", ["get", "overdue"], 0], ":", ["coalesce", ["get", "soon"], 0], ":", ["coalesce", ["get", "ontime"], 0], ":", ["coalesce", ["get", "closed"], 0]], "icon-allow-overlap": true } },
    { id: "marks", type: "symbol", source: "cases", "source-layer": "cases", layout: { "icon-image": ["concat", "mark:", ["get", "status"]], "icon-allow-overlap": true, "symbol-sort-key": ["*", -1, late] } },
  ];
}
