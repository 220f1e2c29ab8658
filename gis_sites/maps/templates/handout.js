/* What the page does: marks on the map, popups with the reasons of the list, a switch between two languages. */
var handout = (function () {
  "use strict";
  var data = frame.data;
  var root = frame.root;
  var sources = document.querySelectorAll("#sources > li");
  var sites = [];
  var marks = [];
  var map = null;

  function element(tag, className, text) {
    var made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function spoken(text) {
    return Array.isArray(text) ? text[root.lang === "en" ? 1 : 0] : text;
  }

  /* A reason names its source by number; here the source itself takes its place. */
  function nameSources(within) {
    within.querySelectorAll("[data-source]").forEach(function (place) {
      var source = sources[Number(place.dataset.source)];
      place.replaceChildren.apply(place, Array.from(source.childNodes, function (node) { return node.cloneNode(true); }));
    });
  }

  function siteContent(at) {
    var item = document.getElementById("site-" + at);
    var content = element("div", "card");
    var title = element("h3");
    title.append(item.querySelector(".id").textContent);
    var sub = element("p", "sub");
    sub.append(item.querySelector(".sub").cloneNode(true));
    content.append(title, sub, item.querySelector(".reasons").cloneNode(true));
    return content;
  }

  function popupOptions() {
    var size = map.getSize();
    return { maxWidth: Math.min(400, size.x - 56), minWidth: Math.min(260, size.x - 56),
             maxHeight: Math.max(160, Math.min(360, size.y - 110)), autoPanPadding: [12, 12] };
  }

  function overlayContent(place, at) {
    var overlay = data.overlays[place];
    var content = element("div", "card");
    content.append(element("h3", "", overlay.title[root.lang]));
    var facts = element("dl", "facts");
    overlay.fields.forEach(function (field, i) {
      var value = overlay.rows[at][i];
      if (value !== null) facts.append(element("dt", "", field[root.lang]), element("dd", "", spoken(value)));
    });
    content.append(facts);
    return content;
  }

  function open(layer, content, at) {
    var popup = L.popup(popupOptions()).setLatLng(at).setContent(content);
    popup.openOn(map);
    return popup;
  }

  function openSite(at) {
    var layer = sites[at];
    if (!layer) return null;
    return open(layer, siteContent(at), layer.getBounds().getCenter());
  }

  function markSite(at, layer) {
    var mark = data.marks[at];
    var numbered = mark[0] < 100;
    var icon = L.divIcon({
      className: "mark " + mark[3] + " " + mark[4] + (numbered ? "" : " small"),
      html: numbered ? String(mark[0]) : "",
      iconSize: numbered ? [24, 24] : [11, 11]
    });
    var marker = L.marker(layer.getBounds().getCenter(), { icon: icon, keyboard: false, zIndexOffset: -10 * mark[0] });
    marker.on("add", function () {
      marker.getElement().style.background = mark[1];
      marker.getElement().style.color = mark[2];
    });
    marker.on("click", function () { frame.forget(); openSite(at); });
    marks.push(marker);
  }

  function show(at) {
    var layer = sites[at];
    var details = document.querySelector("#site-" + at + " details");
    if (!layer) { details.open = true; return; }
    map.getContainer().scrollIntoView({ block: "nearest" });
    map.fitBounds(layer.getBounds().pad(1.2), { maxZoom: 17, animate: false });
    var popup = openSite(at);
    var box = popup.getElement().querySelector(".leaflet-popup-content");
    box.tabIndex = -1;
    box.focus({ preventScroll: true });
  }

  function showAll() {
    var drawn = sites.filter(Boolean);
    if (drawn.length) map.fitBounds(L.featureGroup(drawn).getBounds().pad(0.08), { maxZoom: 16, animate: false });
  }

  /* On paper every reason is open. */
  function printing() {
    var closed = [];
    window.addEventListener("beforeprint", function () {
      closed = Array.from(document.querySelectorAll("details:not([open])"));
      closed.forEach(function (details) { details.open = true; });
    });
    window.addEventListener("afterprint", function () {
      closed.forEach(function (details) { details.open = false; });
    });
  }

  function start() {
    map = map_sites;
    nameSources(document.querySelector(".list"));
    L.featureGroup(marks).addTo(map);
    printing();
    frame.start("site", show, showAll);
  }

  return {
    site: function (feature, layer) {
      var at = Number(feature.id);
      sites[at] = layer;
      markSite(at, layer);
      layer.on("click", function () { frame.forget(); openSite(at); });
    },
    overlay: function (place, feature, layer) {
      layer.on("click", function (event) { open(layer, overlayContent(place, Number(feature.id)), event.latlng); });
    },
    start: start
  };
})();
