// The basemap an office may set: raster tiles (WMTS among them) or a vector style; the map goes on without it when it fails.
const ID = "basemap";
const LOOK_MS = 500;

/** Put a basemap below all of ours; `failed` is called once if it cannot be had. */
export async function addBasemap(map, { url, attribution }, failed) {
  const said = Object.assign(document.createElement("p"), { className: "maplibregl-ctrl credit", textContent: attribution });
  map.addControl({ onAdd: () => said, onRemove: () => said.remove() }, "bottom-left");
  const layers = url.includes("{z}") ? raster(map, url) : await style(map, url).catch(() => []);
  const fail = () => {
    for (const id of layers.splice(0)) if (map.getLayer(id)) map.removeLayer(id);
    said.hidden = true;
    failed();
  };
  if (!layers.length) { fail(); return () => {}; }
  watch(map, fail);
  return (shown) => {
    said.hidden = !shown;
    for (const id of layers) map.setLayoutProperty(id, "visibility", shown ? "visible" : "none");
  };
}

/** Give up if no tile has come when the map is done with all: to MapLibre one that is not there (404) is no error, and no news. */
function watch(map, fail) {
  const sources = Object.keys(map.getStyle().sources).filter((name) => name.startsWith(ID));
  if (!sources.length) return;
  let come = false;
  map.on("sourcedata", ({ sourceId, tile }) => { come ||= sources.includes(sourceId) && tile?.state === "loaded"; });
  const look = setInterval(() => {
    if (!come && !sources.every((name) => map.isSourceLoaded(name))) return;
    clearInterval(look);
    if (!come) fail();
  }, LOOK_MS);
}

function lowest(map) {
  return map.getStyle().layers.find((layer) => layer.id !== "ground" && !layer.id.startsWith(ID))?.id;
}

function raster(map, url) {
  map.addSource(ID, { type: "raster", tiles: [url], tileSize: 256, maxzoom: 19 });
  map.addLayer({ id: ID, type: "raster", source: ID, paint: { "raster-opacity": 0.75, "raster-saturation": -0.3 } }, lowest(map));
  return [ID];
}

/** Put the layers of a style below ours; its icons stay out, since a map has one sheet of them. */
async function style(map, url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(String(answer.status));
  const { sources, layers, glyphs } = await answer.json();
  if (glyphs) map.setGlyphs(glyphs);
  for (const [name, source] of Object.entries(sources)) map.addSource(`${ID}:${name}`, source);
  const before = lowest(map);
  const shown = layers.filter((layer) => layer.type !== "symbol" || (glyphs && layer.layout?.["text-field"]));
  return shown.map((layer) => {
    const id = `${ID}:${layer.id}`;
    const { "icon-image": _, ...layout } = layer.layout ?? {};
    map.addLayer({ ...layer, id, layout, ...(layer.source && { source: `${ID}:${layer.source}` }) }, before);
    return id;
  });
}
