// A map of ours in an element: local fonts only, no requests but to our own tiles, pictures can be taken of it.
import "./trusted.js";
import * as maplibre from "../vendor/maplibre-gl.mjs";
import { mapStyle } from "./map_style.js";

export { maplibre };

export function baseMap(container, options = {}, styleOptions = {}) {
  const map = new maplibre.Map({
    container,
    style: mapStyle(styleOptions),
    attributionControl: false,
    locale: { "Map.Title": container.parentElement.dataset.title },
    canvasContextAttributes: { preserveDrawingBuffer: true, antialias: true },
    localIdeographFontFamily: "'Noto Sans CJK SC', 'Noto Sans SC', 'PingFang SC', 'Microsoft YaHei', sans-serif",
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    fadeDuration: 0,
    minZoom: 8,
    maxZoom: 18.9,
    ...options,
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  return map;
}
