// The case page: a small map of its place, with the accuracy circle. Everything else is links and forms.
import { baseMap } from "./base_map.js";
import { drawMarks } from "./marks.js";

const spot = document.querySelector(".spot");
if (spot) {
  const place = [Number(spot.dataset.lon), Number(spot.dataset.lat)], accuracy = Number(spot.dataset.accuracy);
  const map = baseMap(spot.querySelector(".canvas"), { center: place, zoom: 15.2, interactive: false });
  drawMarks(map);
  map.on("load", () => {
    const colour = getComputedStyle(document.documentElement).getPropertyValue("--accent-line").trim();
    const point = { type: "Feature", properties: { status: spot.dataset.status }, geometry: { type: "Point", coordinates: place } };
    map.addSource("spot", { type: "geojson", data: point });
    const pixels = accuracy / (40075016.686 * Math.cos((place[1] * Math.PI) / 180) / 512);
    map.addLayer({ id: "accuracy", type: "circle", source: "spot", paint: { "circle-color": colour, "circle-opacity": 0.12, "circle-stroke-color": colour, "circle-stroke-width": 2, "circle-radius": ["interpolate", ["exponential", 2], ["zoom"], 0, Math.max(pixels, 0.0001), 20, Math.max(pixels * 2 ** 20, 16)] } });
    map.addLayer({ id: "spot", type: "symbol", source: "spot", layout: { "icon-image": ["concat", "mark:", ["get", "status"]], "icon-allow-overlap": true } });
    spot.dataset.ready = "true";
  });
}
