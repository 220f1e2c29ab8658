/* What every page does: its words in two languages, places opened from the list, the map on paper. */
var frame = (function () {
  "use strict";
  var data = JSON.parse(document.getElementById("data").textContent);
  var root = document.documentElement;
  var opener = null;

  function words(name) {
    return data.words[name][root.lang];
  }

  function speak(lang) {
    root.lang = lang;
    document.title = words("heading");
    var box = map_sites.getContainer();
    box.setAttribute("aria-label", words("map_label"));
    [["in", "zoom_in"], ["out", "zoom_out"]].forEach(function (pair) {
      var button = box.querySelector(".leaflet-control-zoom-" + pair[0]);
      button.title = words(pair[1]);
      button.setAttribute("aria-label", words(pair[1]));
    });
    var close = box.querySelector(".leaflet-popup-close-button");
    if (close) close.setAttribute("aria-label", words("close"));
  }

  /* What is opened on the map itself leaves the focus there. */
  function forget() {
    opener = null;
  }

  /* Buttons that name a place in `data-<named>` show it; `showAll` draws back from all of them. */
  function start(named, show, showAll) {
    var map = map_sites;
    var control = document.querySelector(".leaflet-control-layers");
    if (control) {
      var panel = document.getElementById("overlays");
      panel.hidden = false;
      panel.append(control);
    }
    map.on("popupopen", function () { speak(root.lang); });
    map.on("popupclose", function () {
      if (opener) opener.focus({ preventScroll: true });
      forget();
    });
    document.querySelectorAll("button[data-" + named + "]").forEach(function (button) {
      button.addEventListener("click", function () {
        map.closePopup();
        opener = button;
        show(Number(button.dataset[named]));
      });
    });
    document.getElementById("language").addEventListener("click", function () {
      speak(root.lang === "pl" ? "en" : "pl");
    });
    var all = document.getElementById("all");
    if (all) all.addEventListener("click", function () { map.closePopup(); showAll(); });
    document.addEventListener("keydown", function (event) {
      if (event.key === "Escape") map.closePopup();
    });
    ["beforeprint", "afterprint"].forEach(function (moment) {
      window.addEventListener(moment, function () {
        map.closePopup();
        root.classList.toggle("printing", moment === "beforeprint");
        map.invalidateSize({ animate: false });
        showAll();
      });
    });
    speak(root.lang);
    showAll();
  }

  return { data: data, root: root, forget: forget, start: start };
})();
