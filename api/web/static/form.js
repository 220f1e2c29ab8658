// Only makes the form nicer: sliders beside the weights, what each is worth of the whole, files shown before they are sent.
const file = document.getElementById("file");
const text = document.getElementById("requirement");
file?.addEventListener("change", async () => {
  const [chosen] = file.files;
  if (!chosen || chosen.size > 262144) return;
  text.value = await chosen.text();
  file.value = "";
  text.focus();
});

const rows = [...document.querySelectorAll(".need .weight")].map((row) => ({
  slide: row.querySelector(".slide"), number: row.querySelector(".heavy"), share: row.querySelector("[data-share]"),
}));
const weight = ({ number }) => Math.max(Number(number.value.replace(",", ".")) || 0, 0);
const comma = document.documentElement.lang === "pl" ? "," : ".";

function shares() {
  const all = rows.reduce((sum, row) => sum + weight(row), 0);
  // The server wrote the sentence: only its number changes.
  for (const row of rows) row.share.textContent = all ? row.share.textContent.replace(/\d+([.,]\d+)?/, Math.round((100 * weight(row)) / all)) : row.share.textContent;
}

for (const row of rows) {
  // A weight between the steps, or beyond the end, stays what it is until the slider is moved.
  row.slide.max = Math.max(10, Math.ceil(weight(row)));
  row.slide.hidden = false;
  row.slide.value = weight(row);
  row.slide.addEventListener("input", () => { row.number.value = row.slide.value.replace(".", comma); shares(); });
  row.number.addEventListener("input", () => { row.slide.value = weight(row); shares(); });
}
