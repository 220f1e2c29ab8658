// What is shown of the map stands in the address, and links that lead to the same page take it along.
const KEPT = ["view", "layers", "without"];
const NO_LAYER = "-";

const layers = () => [...document.querySelectorAll("#layers input[name]")];
const classes = () => [...document.querySelectorAll(".chart input[data-class]")];

/** Tell where the map is to stand, as the address says; nothing where it does not. */
export function place() {
  const [zoom, lat, lng] = (new URLSearchParams(location.search).get("view") ?? "").split("/").map(Number);
  return Number.isFinite(lng) && Math.abs(lat) <= 90 && Math.abs(lng) <= 180 ? { zoom, center: [lng, lat] } : null;
}

/** Tell whether the address switches a layer on; its own beginning where it says nothing of layers. */
export function wanted(name, usual) {
  const said = new URLSearchParams(location.search).get("layers");
  return said ? said.split(",").includes(name) : usual;
}

/** Set the boxes of the legend as the address says. */
export function restore() {
  const without = (new URLSearchParams(location.search).get("without") ?? "").split(",");
  for (const box of layers()) box.checked = wanted(box.name, box.defaultChecked);
  for (const box of classes()) {
    box.hidden = false;
    box.checked = !without.includes(box.dataset.class);
  }
  carry();
}

/** Return what the legend has switched off. */
export function without() {
  return classes().filter((box) => !box.checked).map((box) => box.dataset.class);
}

/** Put values into the address, and take out those that are empty. */
export function put(values) {
  const here = new URL(location.href);
  for (const [name, text] of Object.entries(values)) if (text) here.searchParams.set(name, text); else here.searchParams.delete(name);
  if (here.pathname === "/" && here.search && !here.searchParams.has("v")) here.searchParams.set("v", "2");
  history.replaceState(history.state, "", here);
  carry();
}

/** Keep what the boxes of the legend say. */
export function keepBoxes() {
  const shown = layers().filter((box) => box.checked).map((box) => box.name);
  const usual = layers().every((box) => box.checked === box.defaultChecked);
  put({ layers: usual ? "" : shown.join(",") || NO_LAYER, without: without().join(",") });
}

/** Keep where a person has moved the map. */
export function keepPlace(map) {
  map.on("moveend", ({ originalEvent }) => {
    if (!originalEvent) return;
    const { lng, lat } = map.getCenter();
    put({ view: `${map.getZoom().toFixed(2)}/${lat.toFixed(5)}/${lng.toFixed(5)}` });
  });
}

/** Let the links and the search of this page lead to the same picture; those to this very page keep the chosen row too. */
function carry() {
  const query = new URLSearchParams(location.search);
  const lay = (address, names) => { for (const name of names) if (query.has(name)) address.searchParams.set(name, query.get(name)); else address.searchParams.delete(name); };
  for (const way of document.querySelectorAll("main a[href], .tongue, .basket-out")) {
    const same = way.matches(".tongue, .basket-out, .basket-way, #answer-link");
    if (way.pathname !== location.pathname || way.getAttribute("href").startsWith("#") || way.matches(".clear, [download]")) continue;
    const address = new URL(way.href);
    lay(address, same ? [...KEPT, "at"] : KEPT);
    way.href = address.pathname + address.search + address.hash;
  }
  // A new search shows what it finds, wherever that lies.
  const search = document.querySelector("form.ask");
  for (const name of search ? ["layers", "without"] : []) {
    const field = search.elements[name] ?? search.appendChild(Object.assign(document.createElement("input"), { type: "hidden", name }));
    field.value = query.get(name) ?? "";
  }
}
