// The candidates on the map, coloured by their floor, in step with the list; the legend leaves out of both what is switched off.
import { collected, data, gl, go, outline, startMap, words } from "./map.js";
import { without } from "./view.js";

const map = startMap({
  fill: { "fill-color": ["get", "fill"], "fill-opacity": 0.95 },
  line: { "line-color": "#10202e", "line-width": 1.5 },
});
const cards = new Map([...document.querySelectorAll(".card[data-site]")].map((card) => [card.dataset.site, card]));
const pins = new Map();
let chosen = null;

function middle(feature) {
  let [west, south, east, north] = [180, 90, -180, -90];
  const walk = (place) => {
    if (typeof place[0] !== "number") return place.forEach(walk);
    [west, south, east, north] = [Math.min(west, place[0]), Math.min(south, place[1]), Math.max(east, place[0]), Math.max(north, place[1])];
  };
  walk(feature.geometry.coordinates);
  return [(west + east) / 2, (south + north) / 2];
}

/** Give a class to the card and the pin of one candidate, and take it from all others. */
function mark(name, id) {
  for (const those of [cards, pins]) for (const [one, element] of those) element.classList.toggle(name, one === id);
}

/** Mark what the pointer or the focus is on, in the list and on the map. */
function near(id) {
  mark("near", id);
  outline(map, [id, chosen].filter(Boolean));
}

function choose(id, { scroll }) {
  chosen = id;
  mark("chosen", id);
  outline(map, [id]);
  if (scroll) cards.get(id)?.scrollIntoView({ block: "center" });
}

function follow(element, id) {
  for (const come of ["mouseenter", "focusin"]) element.addEventListener(come, () => near(id));
  for (const gone of ["mouseleave", "focusout"]) element.addEventListener(gone, () => near(null));
}

/** Leave out what the legend has switched off. */
function sift() {
  const off = without();
  const stays = (id) => !cards.get(id).dataset.classes.split(" ").some((one) => off.includes(one));
  let left = 0;
  for (const [id, card] of cards) {
    card.hidden = !stays(id);
    left += !card.hidden;
    const pin = pins.get(id);
    if (pin) pin.hidden = card.hidden;
  }
  map.getSource("sites").setData(collected(data.sites.features.filter(({ properties }) => stays(properties.site))));
  map.getSource("places").setData(collected(off.includes("hall.all") ? [] : data.places.filter(({ properties }) => stays(properties.site))));
  const told = words.left_by_legend.replace("{count}", left).replace("{found}", cards.size);
  document.getElementById("sifted").textContent = left < cards.size ? told : "";
}

function pinned(feature) {
  const { site, rank, fill, ink, line, tier } = feature.properties;
  const pin = Object.assign(document.createElement("button"), { type: "button", className: `pin ${line} ${tier}`, textContent: rank });
  pin.setAttribute("aria-label", `${rank}. ${site}`);
  pin.style.background = fill;
  pin.style.color = ink;
  pin.addEventListener("click", () => choose(site, { scroll: true }));
  new gl.Marker({ element: pin }).setLngLat(middle(feature)).addTo(map);
  pins.set(site, pin);
  follow(pin, site);
}

if (map) {
  for (const feature of [...data.sites.features].reverse()) {
    const { site } = feature.properties;
    pinned(feature);
    const card = cards.get(site);
    follow(card, site);
    card.querySelector("details").addEventListener("toggle", ({ target }) => {
      if (!target.open) return;
      choose(site, { scroll: false });
      go(map, [feature], 15);
    });
  }
  const idAt = (point) => map.queryRenderedFeatures(point, { layers: ["sites:fill"] })[0]?.properties.site ?? null;
  map.on("mousemove", ({ point, originalEvent }) => {
    if (originalEvent.target !== map.canvas) return;
    const id = idAt(point);
    near(id);
    map.canvas.style.cursor = id ? "pointer" : "";
  });
  map.on("mouseout", () => near(null));
  map.on("click", ({ point, originalEvent }) => {
    const id = originalEvent.target === map.canvas && !map.measured && idAt(point);
    if (id) choose(id, { scroll: true });
  });
  document.querySelector(".chart").addEventListener("change", sift);
  map.once("load", sift);
}

const copy = document.getElementById("copy-link");
if (copy && navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById("answer-link").href);
    document.getElementById("copied").textContent = copy.dataset.done;
  });
}
