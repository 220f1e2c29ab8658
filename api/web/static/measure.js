// Distances and areas on the ellipsoid (GRS 80), over a city: metres in the plane that touches it at their middle.
const A = 6378137;
const E2 = 0.00669438002290;
const RAD = Math.PI / 180;

/** Return points as metres east and north of a latitude's plane: radii of curvature as in any handbook of geodesy. */
function plane(points, latitude) {
  const sine = Math.sin(latitude * RAD);
  const across = A / Math.sqrt(1 - E2 * sine ** 2);
  const along = (A * (1 - E2)) / (1 - E2 * sine ** 2) ** 1.5;
  return points.map(([lng, lat]) => [lng * RAD * across * Math.cos(latitude * RAD), lat * RAD * along]);
}

/** Return the length of a line of [lng, lat], in metres. */
export function lengthOf(points) {
  let sum = 0;
  for (let at = 1; at < points.length; at += 1) {
    const [[x0, y0], [x1, y1]] = plane([points[at - 1], points[at]], (points[at - 1][1] + points[at][1]) / 2);
    sum += Math.hypot(x1 - x0, y1 - y0);
  }
  return sum;
}

/** Return the area within a ring of [lng, lat], in square metres; its ends need not be told twice. */
export function areaOf(ring) {
  if (ring.length < 3) return 0;
  const [lng, lat] = [0, 1].map((axis) => ring.reduce((sum, point) => sum + point[axis], 0) / ring.length);
  const flat = plane(ring.map(([x, y]) => [x - lng, y]), lat);
  return Math.abs(flat.reduce((sum, [x, y], at) => {
    const [nextX, nextY] = flat[(at + 1) % flat.length];
    return sum + x * (nextY - flat[0][1]) - nextX * (y - flat[0][1]);
  }, 0)) / 2;
}

/** Write metres or square metres as people read them. */
export function written(value, lang, square = false) {
  const [limit, factor, large, small] = square ? [10000, 10000, "ha", "m²"] : [1000, 1000, "km", "m"];
  const big = value >= limit;
  const number = new Intl.NumberFormat(lang, { maximumFractionDigits: big ? 3 : square ? 0 : 1 });
  return `${number.format(big ? value / factor : value)}\u00a0${big ? large : small}`;
}

const EMPTY = { type: "FeatureCollection", features: [] };
const INK = "#8a2c0a";

/** Let a map be measured: points by click, or by Enter in its middle; one mode at a time, none until asked for. */
export function measuring(map, { words, lang, say }) {
  let mode = null;
  let points = [];
  const cross = Object.assign(document.createElement("div"), { className: "crosshair", hidden: true });
  cross.setAttribute("aria-hidden", "true");
  map.getContainer().append(cross);

  function layers() {
    if (map.getSource("measure")) return;
    map.addSource("measure", { type: "geojson", data: EMPTY });
    map.addLayer({ id: "measure:fill", type: "fill", source: "measure", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": INK, "fill-opacity": 0.15 } });
    map.addLayer({ id: "measure:line", type: "line", source: "measure", filter: ["!=", ["geometry-type"], "Point"], paint: { "line-color": INK, "line-width": 2.5, "line-dasharray": [3, 1.5] } });
    map.addLayer({ id: "measure:point", type: "circle", source: "measure", filter: ["==", ["geometry-type"], "Point"], paint: { "circle-radius": 4.5, "circle-color": "#fff", "circle-stroke-color": INK, "circle-stroke-width": 2 } });
  }

  function draw() {
    layers();
    const feature = (type, coordinates) => ({ type: "Feature", properties: {}, geometry: { type, coordinates } });
    const features = points.map((point) => feature("Point", point));
    if (mode === "area" && points.length > 2) features.unshift(feature("Polygon", [[...points, points[0]]]));
    else if (points.length > 1) features.unshift(feature("LineString", points));
    map.getSource("measure").setData({ type: "FeatureCollection", features });
    tell();
  }

  function tell() {
    if (points.length < 2) return say(words.measure_help);
    if (mode === "line") return say(words.measure_of_line.replace("{value}", written(lengthOf(points), lang)));
    const edge = written(lengthOf([...points, points[0]]), lang);
    say(words.measure_of_area.replace("{value}", written(areaOf(points), lang, true)).replace("{edge}", edge));
  }

  function add({ lng, lat }) {
    points.push([lng, lat]);
    draw();
  }

  map.getCanvas().addEventListener("keydown", (event) => {
    if (!mode) return;
    if (event.key === "Enter") add(map.getCenter());
    else if (event.key === "Backspace") { points.pop(); draw(); }
    else if (event.key === "Escape") set(null);
    else return;
    event.preventDefault();
  });
  map.on("click", ({ lngLat }) => { if (mode) add(lngLat); });

  function set(wanted) {
    mode = wanted === mode ? null : wanted;
    points = [];
    cross.hidden = !mode;
    map.measured = Boolean(mode);
    map.getContainer().classList.toggle("measuring", Boolean(mode));
    map.fire("measuremode", { mode });
    if (map.getSource("measure")) map.getSource("measure").setData(EMPTY);
    if (mode) { map.getCanvas().focus(); tell(); } else say("");
  }
  return set;
}
