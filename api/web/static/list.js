// The list and its map in step: a row points at the map, the map at a row.
import { ACCENT, collected, data, go, link, outline, startMap, words } from "./map.js";
import { showFound } from "./found.js";
import { put } from "./view.js";

const map = startMap({ fill: { "fill-color": ACCENT, "fill-opacity": 0.14 }, line: { "line-color": ACCENT, "line-width": 1.5 } });
const rows = new Map([...document.querySelectorAll("tr[data-site]")].map((row) => [row.dataset.site, row]));
const sites = new Map(data.sites.features.map((feature) => [feature.properties.site, feature]));
const picked = document.getElementById("picked");
const area = new Intl.NumberFormat(data.lang, { maximumFractionDigits: 4 });
let chosen = data.chosen;

function element(name, text, more = {}) {
  return Object.assign(document.createElement(name), { textContent: text, ...more });
}

/** Mark one site in the list and on the map. */
function choose(id, { scroll = false, move = false, feature = null } = {}) {
  chosen = id;
  for (const [one, row] of rows) {
    row.classList.toggle("chosen", one === id);
    if (one === id) row.setAttribute("aria-current", "true"); else row.removeAttribute("aria-current");
  }
  outline(map, [id]);
  const known = sites.get(id);
  const drawn = known ? [] : feature ? [feature] : [];
  map.getSource("picked").setData(collected(drawn));
  if (scroll) rows.get(id)?.scrollIntoView({ block: "nearest" });
  if (move && known) go(map, [known]);
  put({ at: id });
  tell(id);
}

/** Say in words what was chosen, and where more of it is. */
async function tell(id) {
  const kind = data.kind === "offers" && rows.has(id) ? "offers" : "parcels";
  const name = element("strong", id);
  const page = element("a", words.open_page, { href: link(`/${kind}/${id}`) });
  picked.replaceChildren(name, page);
  if (!rows.has(id)) picked.append(element("a", words.in_list, { href: link("/", { at: id }) }));
  const answer = await fetch(`/api/v1/${kind}/${encodeURIComponent(id).replaceAll("%2F", "/")}`).catch(() => null);
  if (!answer?.ok || chosen !== id) return;
  const { attributes } = await answer.json();
  const known = attributes.find((one) => one.attribute === "parcel.area_m2" && one.state === "exact");
  if (known) name.after(element("span", known.value < 10000 ? `${area.format(Math.round(known.value))} m²` : `${area.format(known.value / 10000)} ha`));
}

/** Mark what the pointer is over: its row, and the parcel itself where it is drawn as one. */
function near(id, hit = null) {
  for (const [one, row] of rows) row.classList.toggle("near", one === id);
  map.canvas.style.cursor = id ? "pointer" : "";
  if (!map.getSource("parcel")) return;
  map.removeFeatureState({ source: "parcel", sourceLayer: "parcel" });
  if (hit?.source === "parcel") map.setFeatureState({ source: "parcel", sourceLayer: "parcel", id: hit.id }, { near: true });
}

/** Send no empty fields: what stands in the address is what was asked. */
document.querySelector("form.ask")?.addEventListener("submit", ({ target }) => {
  const empty = [...target.elements].filter((one) => one.name && !one.value);
  for (const one of empty) one.disabled = true;
  setTimeout(() => { for (const one of empty) one.disabled = false; });
});
document.querySelector("form.ask input[name=doubtful]")?.addEventListener("change", ({ target }) => target.form.requestSubmit());

// What stands there when a page opens is not read out; what comes a moment later is.
const told = document.getElementById("told");
if (data.narrow) setTimeout(() => { told.textContent = [...document.querySelectorAll("#count, #map-summary")].map((one) => one.textContent).join(". "); }, 150);

if (map) {
  showFound(map);
  for (const [id, row] of rows) {
    if (!sites.has(id)) continue;
    const button = element("button", "", { type: "button", className: "locate", title: words.on_map });
    button.setAttribute("aria-label", `${words.on_map}: ${id}`);
    const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    icon.setAttribute("viewBox", "0 0 16 16");
    icon.setAttribute("aria-hidden", "true");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", "M8 14.5S3 10 3 6.5a5 5 0 0 1 10 0C13 10 8 14.5 8 14.5ZM8 8a1.6 1.6 0 1 0 0-3.2A1.6 1.6 0 0 0 8 8Z");
    icon.append(path);
    button.append(icon);
    button.addEventListener("click", () => choose(id, { move: true }));
    row.querySelector(".row-ways").append(button);
    for (const come of ["mouseenter", "focusin"]) row.addEventListener(come, () => outline(map, [id, chosen]));
    for (const gone of ["mouseleave", "focusout"]) row.addEventListener(gone, () => outline(map, [chosen]));
  }
  const idOf = (point) => {
    const layers = ["found:point", "sites:fill", "parcel:fill"].filter((one) => map.getLayer(one));
    const hit = map.queryRenderedFeatures(point, { layers }).find(({ properties }) => properties.site ?? properties.id);
    return hit ? [String(hit.properties.site ?? hit.properties.id), hit] : [null, null];
  };
  map.on("mousemove", ({ point }) => near(...idOf(point)));
  map.on("mouseout", () => near(null));
  map.on("click", ({ point }) => {
    if (map.measured) return;
    const [id, hit] = idOf(point);
    if (id) choose(id, { scroll: true, feature: { type: "Feature", properties: {}, geometry: hit.geometry } });
  });
  if (chosen && sites.has(chosen)) map.once("load", () => choose(chosen, { scroll: true }));
}
