// The map's tools: show everything, show where I am, measure. Buttons with names, and one line that says what they find.
import { measuring } from "./measure.js";

const ICONS = {
  fit: "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4",
  locate_me: "M8 1v3M8 12v3M1 8h3M12 8h3M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z",
  measure_line: "M2 11 11 2l3 3-9 9ZM5 8l1.5 1.5M7.5 5.5 9 7",
  measure_area: "M3 12 2.5 4 9 2l5 5-3 6.500Z",
};

function button(name, title) {
  const made = Object.assign(document.createElement("button"), { type: "button", title, className: `tool ${name}` });
  made.setAttribute("aria-label", title);
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  icon.setAttribute("viewBox", "0 0 16 16");
  icon.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  icon.append(path);
  made.append(icon);
  return made;
}

/** Add the tools to a map; `home` shows everything, `go` one place. */
export function addTools(map, { words, lang, home, go }) {
  const line = Object.assign(document.createElement("p"), { className: "tool-line" });
  line.setAttribute("role", "status");
  const say = (text) => { line.textContent = text; };
  const measure = measuring(map, { words, lang, say });
  const bar = Object.assign(document.createElement("div"), { className: "maplibregl-ctrl maplibregl-ctrl-group tools" });
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", words.map_tools);
  const buttons = Object.fromEntries(Object.keys(ICONS).map((name) => [name, button(name, words[name])]));
  bar.append(...Object.values(buttons));
  buttons.fit.addEventListener("click", home);
  buttons.locate_me.addEventListener("click", () => {
    const failed = () => say(words.located_not);
    if (!navigator.geolocation) return failed();
    navigator.geolocation.getCurrentPosition(({ coords }) => { say(""); go([coords.longitude, coords.latitude]); }, failed, { timeout: 10000 });
  });
  for (const mode of ["line", "area"]) {
    const one = buttons[`measure_${mode}`];
    one.setAttribute("aria-pressed", "false");
    one.addEventListener("click", () => measure(mode));
  }
  map.on("measuremode", ({ mode }) => {
    for (const one of ["line", "area"]) buttons[`measure_${one}`].setAttribute("aria-pressed", String(one === mode));
  });
  map.addControl({ onAdd: () => bar, onRemove: () => bar.remove() }, "top-left");
  map.getContainer().append(line);
  return say;
}
