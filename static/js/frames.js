// First and last frame: drop, paste, preview, remove.
const form = document.querySelector("[data-studio]");
const drops = form ? [...form.querySelectorAll("[data-drop]")] : [];
drops.forEach(dress);

document.addEventListener("paste", (event) => {
  const file = [...(event.clipboardData?.files ?? [])].find((each) => each.type.startsWith("image/"));
  const free = drops.find((drop) => !drop.classList.contains("has") && !drop.closest("fieldset").disabled);
  if (!file || !free) return;
  event.preventDefault();
  give(free, file);
});

function dress(drop) {
  const input = drop.querySelector("input[type=file]");
  const remove = drop.querySelector("[data-remove]");
  input.addEventListener("change", () => preview(drop, input.files[0]));
  for (const name of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(name, (event) => {
      if (drop.closest("fieldset").disabled) return;
      event.preventDefault();
      drop.classList.toggle("over", name === "dragover");
      if (name === "drop" && event.dataTransfer.files[0]) give(drop, event.dataTransfer.files[0]);
    });
  }
  remove.addEventListener("click", () => {
    input.value = "";
    drop.querySelector("input[type=hidden]").value = "";
    preview(drop, null);
    input.focus();
  });
}

function give(drop, file) {
  const carrier = new DataTransfer();
  carrier.items.add(file);
  const input = drop.querySelector("input[type=file]");
  input.files = carrier.files;
  preview(drop, file);
}

function preview(drop, file) {
  const image = drop.querySelector("img");
  if (image.src.startsWith("blob:")) URL.revokeObjectURL(image.src);
  if (file) image.src = URL.createObjectURL(file);
  else image.removeAttribute("src");
  image.hidden = !file;
  drop.classList.toggle("has", Boolean(file));
  drop.querySelector("[data-remove]").hidden = !file;
  form.dispatchEvent(new Event("change"));
}
