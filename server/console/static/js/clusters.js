// A cluster's number opens down to its cases: how they stand, the list of exactly these, or the map nearer.
import { maplibre } from "./base_map.js";

const STATUSES = ["overdue", "soon", "ontime", "closed"];
const element = (name, words, className = "") => Object.assign(document.createElement(name), { textContent: words, className });

// The question of the list, narrowed to the cell that was counted; within a spot that is asked for already.
export function listOf(query, cell) {
  const asked = new URLSearchParams(query), own = asked.get("bbox")?.split(",").map(Number);
  const box = ["west", "south", "east", "north"].map((side) => cell[side] / 1e7);
  if (own) box.forEach((side, at) => { box[at] = at < 2 ? Math.max(side, own[at]) : Math.min(side, own[at]); });
  asked.set("bbox", box.join(","));
  return `/map?${asked}`;
}

export function clusterPopup(map, words, query, { geometry, properties }, nearer) {
  const said = document.createElement("div"), counts = document.createElement("p"), acts = element("p", "", "row");
  said.append(element("b", words.wordHere.replace("{count}", properties.count)));
  for (const status of STATUSES.filter((one) => properties[one] > 0)) {
    const word = words[`word${status[0].toUpperCase()}${status.slice(1)}`];
    counts.append(element("span", `${word} ${properties[status]}`, status));
  }
  const list = Object.assign(element("a", words.wordList, "btn sm pri"), { href: listOf(query, properties) });
  const closer = Object.assign(element("button", words.wordNearer, "btn sm"), { type: "button" });
  acts.append(list, closer);
  said.append(counts, acts);
  const popup = new maplibre.Popup({ className: "cell", offset: 18, maxWidth: "300px", locale: { "Popup.Close": words.wordShut } }).setLngLat(geometry.coordinates).setDOMContent(said).addTo(map);
  popup.getElement().querySelector(".maplibregl-popup-close-button")?.setAttribute("aria-label", words.wordShut);
  closer.addEventListener("click", () => { popup.remove(); nearer(geometry.coordinates); });
  return popup;
}
