// The live map of one site, laid over its drawing.
import { ACCENT, startMap } from "./map.js";

const map = startMap({ fill: { "fill-color": ACCENT, "fill-opacity": 0.16 }, line: { "line-color": ACCENT, "line-width": 3 } });
if (map) document.getElementById("sketch-keys").hidden = true;
