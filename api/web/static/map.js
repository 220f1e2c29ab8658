// The live map: our own tiles, no inline style, no blob worker, and no other host but a basemap's that an office has set.
import { addBasemap } from "./basemap.js";
import { addTools } from "./tools.js";
import { keepBoxes, keepPlace, place, restore, wanted } from "./view.js";

const gl = globalThis.maplibregl;
const CALM = matchMedia("(prefers-reduced-motion: reduce)").matches;
const ACCENT = "#0b4579";
const MARGIN = 48;
/** How often a layer that is not ready is asked for again. */
const PATIENCE = 5;
gl?.setWorkerUrl("/static/maplibre-gl/maplibre-gl-csp-worker.js");

export const data = JSON.parse(document.getElementById("data").textContent);
export const words = data.words;
restore();
for (const layer of data.layers) layer.shown = Boolean(document.querySelector(`#layers input[name="${layer.name}"]`)?.checked);

/** Return an address of ours in the page's language. */
export function link(path, query = {}) {
  const wanted = new URLSearchParams(query);
  if (data.linked) wanted.set("lang", data.linked);
  const basket = new URLSearchParams(location.search).get("basket");
  if (basket && !wanted.has("basket")) wanted.set("basket", basket);
  const said = wanted.toString();
  return path.split("/").map(encodeURIComponent).join("/") + (said ? `?${said}` : "");
}

/** Return the step of the legend that a feature of a tile is of; one past the last where none speaks of it. */
const STEP = ["coalesce", ["get", "legend"], 0];

/** Choose by the step of the legend. */
function choose(legend, value, otherwise) {
  return ["match", STEP, ...legend.flatMap((entry, step) => [step, value(entry)]), otherwise];
}

/** Keep the features of one kind of geometry and one step. */
function only(kind, step) {
  return ["all", ["==", ["geometry-type"], kind], ["==", STEP, step]];
}

/** Draw a fill pattern; the same strokes as in the legend. */
function pattern(kind, color) {
  const size = 16;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const ink = canvas.getContext("2d", { willReadFrequently: true });
  ink.globalAlpha = 0.16;
  ink.fillStyle = ink.strokeStyle = color;
  ink.fillRect(0, 0, size, size);
  ink.globalAlpha = 0.5;
  ink.lineWidth = 1.6;
  const line = (x0, y0, x1, y1) => { ink.beginPath(); ink.moveTo(x0, y0); ink.lineTo(x1, y1); ink.stroke(); };
  if (kind === "hatch" || kind === "cross") for (const at of [-size, 0, size]) line(at - 2, size + 2, at + size + 2, -2);
  if (kind === "cross") for (const at of [-size, 0, size]) line(at - 2, -2, at + size + 2, size + 2);
  if (kind === "dots") for (const [x, y] of [[4, 4], [12, 12]]) { ink.beginPath(); ink.arc(x, y, 2, 0, 7); ink.fill(); }
  if (kind === "dash") for (const [x, y] of [[0, 4], [8, 12]]) line(x, y, x + 9, y);
  return ink.getImageData(0, 0, size, size);
}

const dashes = { dash: [4, 3], dots: [1, 3], cross: [6, 2, 1, 2], hatch: [3, 2] };

/** Return the style's layers of one of our layers: fills, lines, points, each by the legend. */
function drawn(layer) {
  const from = { source: layer.name, "source-layer": layer.name };
  const visibility = layer.shown ? "visible" : "none";
  const color = choose(layer.legend, (entry) => entry.color, "#808080");
  const width = choose(layer.legend, (entry) => entry.width, 1);
  const found = [];
  if (layer.name === "parcel") {
    // Where single parcels cannot be told yet, the land they cover is seen; the closer, the more their outlines say it.
    found.push({ id: "parcel:fill", type: "fill", ...from, layout: { visibility }, paint: {
      "fill-color": color, "fill-opacity": ["interpolate", ["linear"], ["zoom"], 12, 0.11, 14, 0.08, 16, 0.045, 18, 0.03] } });
    found.push({ id: "parcel:line", type: "line", ...from, layout: { visibility }, paint: {
      "line-color": color, "line-opacity": ["interpolate", ["linear"], ["zoom"], 11, 0.2, 13, 0.28, 16, 0.6],
      "line-width": ["interpolate", ["linear"], ["zoom"], 11, 0.4, 14, 0.55, 18, 1.3] } });
    found.push({ id: "parcel:near", type: "fill", ...from, layout: { visibility }, paint: {
      "fill-color": ACCENT, "fill-opacity": ["case", ["boolean", ["feature-state", "near"], false], 0.2, 0] } });
    return found;
  }
  if (layer.name === "boundary") {
    layer.legend.forEach((entry, at) => found.push({ id: `boundary:line:${at}`, type: "line", ...from, filter: only("Polygon", at), layout: { visibility },
      paint: { "line-color": entry.color, "line-width": Math.min(entry.width, 2), "line-opacity": 0.65, "line-dasharray": dashes[entry.pattern] ?? [1, 0] } }));
    return found;
  }
  if (layer.geometry !== "line") {
    layer.legend.forEach((entry, at) => {
      const filter = only("Polygon", at);
      const paint = entry.pattern === "solid"
        ? { "fill-color": entry.color, "fill-opacity": layer.name === "building" ? 0.5 : 0.18 }
        : { "fill-pattern": `${entry.pattern}:${entry.color}`, "fill-opacity": 0.85 };
      found.push({ id: `${layer.name}:fill:${at}`, type: "fill", ...from, filter, layout: { visibility }, paint });
    });
    found.push({ id: `${layer.name}:edge`, type: "line", ...from, filter: ["==", ["geometry-type"], "Polygon"], layout: { visibility },
      paint: { "line-color": color, "line-width": layer.name === "offer" ? 2 : ["interpolate", ["linear"], ["zoom"], 11, 0.3, 15, 0.9], "line-opacity": 0.7 } });
  }
  if (layer.geometry === "line" || layer.geometry === "any") {
    layer.legend.forEach((entry, at) => {
      const filter = only("LineString", at);
      const wide = Math.max(entry.width, 1);
      const paint = { "line-color": entry.color, "line-opacity": 0.85, "line-width": ["interpolate", ["linear"], ["zoom"], 10, wide * 0.2, 13, wide * 0.4, 15, wide * 0.7, 18, wide * 1.6] };
      if (dashes[entry.pattern]) paint["line-dasharray"] = dashes[entry.pattern];
      found.push({ id: `${layer.name}:line:${at}`, type: "line", ...from, filter, layout: { visibility, "line-cap": entry.pattern === "solid" ? "round" : "butt" }, paint });
    });
  }
  if (layer.geometry === "point" || layer.geometry === "any") {
    found.push({ id: `${layer.name}:point`, type: "circle", ...from, filter: ["==", ["geometry-type"], "Point"], layout: { visibility },
      paint: { "circle-color": color, "circle-radius": ["+", 3.5, ["/", width, 2]], "circle-stroke-color": "#fff", "circle-stroke-width": 1 } });
  }
  return found;
}

/** A chosen outline stands on white, or it would be lost among hatches. */
const CASING = { "line-color": "#fff", "line-width": 8, "line-opacity": 0.85 };
const OUTLINE = { "line-color": ACCENT, "line-width": 4 };
const NONE = ["==", ["get", "site"], ""];
/** A rectangle in which a footprint fits; dashed where that is not sure. */
const PLACE = { "line-color": "#10202e", "line-width": 2 };
/** Of an assembly every parcel's outline is kept, and edged with white stitches. */
const STITCHES = { "line-color": "#fff", "line-width": 1.5, "line-dasharray": [2, 2.5], "line-offset": 2.5 };
const found = (fill, line) => [
  { id: "sites:fill", type: "fill", source: "sites", paint: fill },
  { id: "sites:line", type: "line", source: "sites", filter: ["!", ["in", ["coalesce", ["get", "line"], ""], ["literal", ["dash", "dot"]]]], paint: line },
  { id: "sites:dash", type: "line", source: "sites", filter: ["==", ["get", "line"], "dash"], paint: { ...line, "line-dasharray": [4, 2.5] } },
  { id: "sites:dot", type: "line", source: "sites", filter: ["==", ["get", "line"], "dot"], paint: { ...line, "line-dasharray": [1, 2.5] } },
  { id: "sites:joined", type: "line", source: "sites", filter: ["==", ["get", "kind"], "assembly"], paint: STITCHES },
  { id: "places:fill", type: "fill", source: "places", paint: { "fill-color": "#fff", "fill-opacity": 0.7 } },
  { id: "places:sure", type: "line", source: "places", filter: ["!", ["get", "doubt"]], paint: PLACE },
  { id: "places:doubt", type: "line", source: "places", filter: ["get", "doubt"], paint: { ...PLACE, "line-dasharray": [3, 2] } },
  { id: "sites:casing", type: "line", source: "sites", filter: NONE, paint: CASING },
  { id: "sites:chosen", type: "line", source: "sites", filter: NONE, paint: OUTLINE },
  { id: "picked:fill", type: "fill", source: "picked", paint: { "fill-color": ACCENT, "fill-opacity": 0.16 } },
  { id: "picked:casing", type: "line", source: "picked", paint: CASING },
  { id: "picked:line", type: "line", source: "picked", paint: OUTLINE },
];

/** Outline some of the page's sites. */
export function outline(map, ids) {
  for (const layer of ["sites:casing", "sites:chosen"]) map.setFilter(layer, ["in", ["get", "site"], ["literal", ids]]);
}

/** Return the box around GeoJSON geometries. */
function boundsOf(features) {
  const box = new gl.LngLatBounds();
  const walk = (place) => (typeof place[0] === "number" ? box.extend(place) : place.forEach(walk));
  features.forEach((feature) => walk(feature.geometry.coordinates));
  return box.isEmpty() ? null : box;
}

/** Return features as one collection. */
export function collected(features) {
  return { type: "FeatureCollection", features };
}

/** Make the map; null where it cannot be drawn, and the page goes on without it. */
export function startMap({ fill, line, edge = 17 }) {
  const frame = document.getElementById("map");
  if (!gl || !data.extent) return null;
  const whole = new gl.LngLatBounds([data.extent[0], data.extent[1]], [data.extent[2], data.extent[3]]);
  const sources = Object.fromEntries(data.layers.map((layer) => [layer.name, {
    type: "vector", tiles: [`${location.origin}/tiles/${data.state}/${layer.name}/{z}/{x}/{y}?v=${data.version}`], minzoom: 6, maxzoom: 16, bounds: data.extent }]));
  // The land lies below all that is said of it.
  const themes = data.layers.flatMap(drawn).sort((one, other) => (other.id === "parcel:fill") - (one.id === "parcel:fill"));
  const style = {
    version: 8,
    sources: { ...sources, sites: { type: "geojson", data: data.sites }, places: { type: "geojson", data: collected(data.places ?? []) }, picked: { type: "geojson", data: collected([]) } },
    layers: [{ id: "ground", type: "background", paint: { "background-color": "#fbfbf9" } }, ...themes, ...found(fill, line)],
  };
  frame.hidden = false;
  let map;
  const near = data.zoomed ? boundsOf(data.sites.features) : null;
  try {
    map = new gl.Map({
      container: frame, style: { version: 8, sources: {}, layers: [] }, bounds: near ?? whole, fitBoundsOptions: { padding: MARGIN, maxZoom: edge },
      attributionControl: false, maxZoom: 20, minZoom: 7, dragRotate: false, pitchWithRotate: false, touchPitch: false, fadeDuration: CALM ? 0 : 150,
      cooperativeGestures: matchMedia("(max-width: 71.99rem)").matches, locale: { "Map.Title": words.map_label, "NavigationControl.ZoomIn": words.zoom_in, "NavigationControl.ZoomOut": words.zoom_out,
        "CooperativeGesturesHandler.WindowsHelpText": words.gesture_ctrl, "CooperativeGesturesHandler.MacHelpText": words.gesture_cmd, "CooperativeGesturesHandler.MobileHelpText": words.gesture_touch },
    });
  } catch {
    frame.hidden = true;
    const still = document.getElementById("no-map");
    if (still.matches("p")) still.textContent = words.map_failed;
    return null;
  }
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.on("styleimagemissing", ({ id }) => {
    const [kind, color] = id.split(":");
    if (color && !map.hasImage(id)) map.addImage(id, pattern(kind, color), { pixelRatio: 2 });
  });
  const again = new Map();
  map.on("error", ({ error, sourceId }) => {
    const times = again.get(sourceId) ?? 0;
    if (error?.status !== 503 || !sourceId || times < 0 || times >= PATIENCE) return;
    // A state just published is still being drawn: its tiles come a little later.
    again.set(sourceId, -1);
    setTimeout(() => { again.set(sourceId, times + 1); map.refreshTiles(sourceId); }, 2500 * (times + 1));
  });
  map.setStyle(style, { diff: false });
  map.addControl(new gl.NavigationControl({ showCompass: false }), "bottom-right");
  map.addControl(new gl.ScaleControl({ maxWidth: 120 }), "bottom-left");
  document.getElementById("no-map").hidden = true;
  map.canvas = map.getCanvas();
  map.canvas.setAttribute("aria-label", frame.dataset.label);
  switches(map, style.layers);
  const kept = place();
  if (kept) map.jumpTo(kept);
  keepPlace(map);
  const whither = near ?? whole;
  const home = () => map.fitBounds(whither, { padding: MARGIN, maxZoom: edge, animate: !CALM });
  const say = addTools(map, { words, lang: data.lang, home, go: (center) => map.flyTo({ center, zoom: 16, animate: !CALM }) });
  if (data.basemap) map.once("load", () => below(map, say));
  frame.dataset.ready = "";
  map.once("idle", () => { frame.dataset.ready = "idle"; });
  return map;
}

/** Let the legend switch layers and their classes; the address keeps what it says. */
function switches(map, layers) {
  const panel = document.getElementById("layers");
  panel.hidden = false;
  const own = new Map(layers.map((layer) => [layer.id, layer.filter]));
  map.once("load", () => { for (const name of new Set([...panel.querySelectorAll("input[data-step]:not(:checked)")].map((box) => box.dataset.layer))) classes(map, name, own); });
  document.querySelector(".chart").addEventListener("change", keepBoxes);
  panel.addEventListener("change", ({ target }) => {
    if (target.dataset.step) return classes(map, target.dataset.layer, own);
    const visibility = target.checked ? "visible" : "none";
    for (const layer of map.getStyle().layers) {
      if (layer.source === target.value) map.setLayoutProperty(layer.id, "visibility", visibility);
    }
  });
}

/** Show of a layer the classes whose boxes are checked, and what is of no class. */
function classes(map, name, own) {
  const boxes = document.querySelectorAll(`#layers input[data-layer="${name}"]:not(:checked)`);
  const gone = [...boxes].map((box) => Number(box.dataset.step));
  const kept = ["!", ["in", STEP, ["literal", gone]]];
  for (const layer of map.getStyle().layers) {
    if (layer.source !== name) continue;
    const filter = own.get(layer.id);
    map.setFilter(layer.id, gone.length ? ["all", ...(filter ? [filter] : []), kept] : filter ?? null);
  }
}

/** Put the office's basemap below, and its switch before the legend. */
async function below(map, say) {
  const item = document.createElement("li");
  const label = document.createElement("label");
  const box = Object.assign(document.createElement("input"), { type: "checkbox", name: "basemap", defaultChecked: true, checked: wanted("basemap", true), id: "basemap" });
  label.append(box, Object.assign(document.createElement("span"), { className: "layer-name", textContent: words.basemap }));
  item.append(label);
  document.querySelector("#layers ul").prepend(item);
  const show = await addBasemap(map, data.basemap, () => { item.remove(); say(words.basemap_failed); });
  show(box.checked);
  box.addEventListener("change", () => show(box.checked));
}

/** Go to a place, at once for readers who would rather not be moved. */
export function go(map, features, zoom = 17) {
  const box = boundsOf(features);
  if (box) map.fitBounds(box, { padding: MARGIN * 1.5, maxZoom: zoom, animate: !CALM });
}

export { gl, ACCENT };
