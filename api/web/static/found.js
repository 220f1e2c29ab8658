// All that was found, on the map: points while they are few, dots that stand for many while they are not.
import { ACCENT, collected, data, words } from "./map.js";

/** How long a map has to stand still before it is asked for what it shows. */
const CALM_MS = 250;
const number = new Intl.NumberFormat(data.lang, { useGrouping: "always" });

/** Say a sentence with its numbers. */
function said(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? number.format(values[name]) : whole));
}

/** Show what of the found lies in the view, and say how many that are. */
export function showFound(map) {
  const told = document.getElementById("in-view");
  if (!data.found) return;
  map.once("load", () => {
    map.addSource("found", { type: "geojson", data: collected([]) });
    const radius = ["interpolate", ["linear"], ["sqrt", ["coalesce", ["get", "count"], 1]], 1, 4.5, 30, 12];
    map.addLayer({ id: "found:point", type: "circle", source: "found", paint: {
      "circle-radius": radius, "circle-color": ACCENT, "circle-opacity": ["case", ["has", "count"], 0.55, 0.9], "circle-stroke-color": "#fff", "circle-stroke-width": 1.2 } });
    let last = 0;
    let timer = 0;
    const ask = async () => {
      const mine = (last += 1);
      const box = map.getBounds();
      const place = [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()].map((one) => one.toFixed(6)).join(",");
      const answer = await fetch(`${data.found}&box=${place}`).catch(() => null);
      if (!answer?.ok || mine !== last) return;
      const found = await answer.json();
      map.getSource("found").setData(found);
      if (found.found) told.textContent = said(found.exact ? words.in_view : words.in_view_cells, { count: found.inside, found: found.found });
      map.getCanvas().closest("#map").dataset.found = String(found.inside);
    };
    map.on("moveend", () => { clearTimeout(timer); timer = setTimeout(ask, CALM_MS); });
    ask();
  });
}
