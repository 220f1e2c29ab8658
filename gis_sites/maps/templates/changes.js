/* What the page does: marks on the map, popups with the words of the list, kinds switched, two languages. */
var changes = (function () {
  "use strict";
  var data = frame.data;
  var MOST_MARKS = 300;
  var shapes = [];
  var marks = {};
  var map = null;

  function content(at) {
    var item = document.getElementById("case-" + at);
    var card = document.createElement("div");
    card.className = "card";
    var title = document.createElement("h3");
    title.textContent = item.querySelector(".id").firstChild.textContent;
    var kind = document.createElement("p");
    kind.append(item.closest(".kind").querySelector("summary").cloneNode(true));
    kind.querySelector(".many").remove();
    kind.replaceChildren.apply(kind, Array.from(kind.firstChild.childNodes));
    card.append(title, kind);
    var said = item.querySelector(".said");
    if (said) card.append(said.cloneNode(true));
    return card;
  }

  /* Where a case is: what of it is filled; a road that takes up a plot is not all of the case. */
  function bounds(at) {
    var filled = shapes[at].filter(function (layer) { return layer.feature.properties.filled; });
    return L.featureGroup(filled.length ? filled : shapes[at]).getBounds();
  }

  function above(at) {
    var box = bounds(at);
    return [box.getNorth(), box.getCenter().lng];
  }

  function open(at, where) {
    var size = map.getSize();
    var popup = L.popup({ maxWidth: Math.min(360, size.x - 56), maxHeight: Math.max(160, Math.min(320, size.y - 110)),
                          autoPanPadding: [12, 12] });
    popup.setLatLng(where || above(at)).setContent(content(at)).openOn(map);
    return popup;
  }

  function show(at) {
    var owner = window["geo_json_" + data.kinds[at]];
    if (!map.hasLayer(owner)) owner.addTo(map);
    map.getContainer().scrollIntoView({ block: "nearest" });
    map.fitBounds(bounds(at).pad(0.9), { maxZoom: 19, animate: false });
    var box = open(at).getElement().querySelector(".leaflet-popup-content");
    box.tabIndex = -1;
    box.focus({ preventScroll: true });
  }

  function mark(at) {
    var kind = data.kinds[at];
    if (marks[kind] && marks[kind].getLayers().length >= MOST_MARKS) return;
    var icon = L.divIcon({ className: "mark", html: "", iconSize: [11, 11] });
    var marker = L.marker(bounds(at).getCenter(), { icon: icon, keyboard: false });
    marker.on("add", function () { marker.getElement().style.background = data.colors[kind]; });
    marker.on("click", function () { frame.forget(); open(at); });
    (marks[kind] = marks[kind] || L.featureGroup()).addLayer(marker);
  }

  /* A kind that is switched off takes its marks with it; close by, the outlines speak for themselves. */
  function near() {
    map.getPane("markerPane").style.display = map.getZoom() >= 17 ? "none" : "";
  }

  function follow(group, layer) {
    if (map.hasLayer(layer)) group.addTo(map);
    layer.on("add", function () { group.addTo(map); });
    layer.on("remove", function () { group.remove(); });
  }

  function showAll() {
    var drawn = shapes.filter(Boolean).flat();
    if (drawn.length) map.fitBounds(L.featureGroup(drawn).getBounds().pad(0.05), { maxZoom: 18, animate: false });
  }

  function start() {
    map = map_sites;
    shapes.forEach(function (group, at) { mark(at); });
    Object.keys(marks).forEach(function (kind) { follow(marks[kind], window["geo_json_" + kind]); });
    map.on("zoomend", near);
    frame.start("case", show, showAll);
    near();
  }

  return {
    feature: function (feature, layer) {
      var at = feature.properties.at;
      (shapes[at] = shapes[at] || []).push(layer);
      layer.on("click", function (event) { frame.forget(); open(at, event.latlng); });
    },
    start: start
  };
})();
