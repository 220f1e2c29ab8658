// A file that is opened is shown before it is sent, so that it can be changed.
const file = document.getElementById("file");
const text = document.getElementById("requirement");
file?.addEventListener("change", async () => {
  const [chosen] = file.files;
  if (!chosen || chosen.size > 262144) return;
  text.value = await chosen.text();
  file.value = "";
  text.focus();
});
