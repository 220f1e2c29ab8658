// The candidates on the map, coloured by their floor, in step with the list.
import { data, gl, go, outline, startMap } from "./map.js";

const map = startMap({
  fill: { "fill-color": ["get", "fill"], "fill-opacity": 0.95 },
  line: { "line-color": "#10202e", "line-width": 1.5 },
});
const cards = new Map([...document.querySelectorAll(".card[data-site]")].map((card) => [card.dataset.site, card]));
const pins = new Map();

function middle(feature) {
  let [west, south, east, north] = [180, 90, -180, -90];
  const walk = (place) => {
    if (typeof place[0] !== "number") return place.forEach(walk);
    [west, south, east, north] = [Math.min(west, place[0]), Math.min(south, place[1]), Math.max(east, place[0]), Math.max(north, place[1])];
  };
  walk(feature.geometry.coordinates);
  return [(west + east) / 2, (south + north) / 2];
}

function choose(id, { scroll }) {
  for (const [one, card] of cards) card.classList.toggle("chosen", one === id);
  for (const [one, pin] of pins) pin.classList.toggle("chosen", one === id);
  outline(map, [id]);
  if (scroll) cards.get(id)?.scrollIntoView({ block: "center" });
}

if (map) {
  for (const feature of [...data.sites.features].reverse()) {
    const { site, rank, fill, ink, line, tier } = feature.properties;
    const pin = Object.assign(document.createElement("button"), { type: "button", className: `pin ${line} ${tier}`, textContent: rank });
    pin.setAttribute("aria-label", `${rank}. ${site}`);
    pin.style.background = fill;
    pin.style.color = ink;
    pin.addEventListener("click", () => choose(site, { scroll: true }));
    new gl.Marker({ element: pin }).setLngLat(middle(feature)).addTo(map);
    pins.set(site, pin);
    const card = cards.get(site);
    card?.addEventListener("mouseenter", () => pin.classList.add("near"));
    card?.addEventListener("mouseleave", () => pin.classList.remove("near"));
    card?.querySelector("details").addEventListener("toggle", ({ target }) => {
      if (!target.open) return;
      choose(site, { scroll: false });
      go(map, [feature], 15);
    });
  }
}

const copy = document.getElementById("copy-link");
if (copy && navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById("answer-link").href);
    document.getElementById("copied").textContent = copy.dataset.done;
  });
}
