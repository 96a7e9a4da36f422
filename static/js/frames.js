// First and last frame: drop, paste, check, preview, remove. The server decides; this says it sooner.
const form = document.querySelector("[data-studio]");
const drops = form ? [...form.querySelectorAll("[data-drop]")] : [];
const source = document.getElementById("studio-data");
const limits = drops.length ? JSON.parse(source.textContent).images : null;
const words = form?.querySelector("[data-frames]")?.dataset;
drops.forEach(dress);

// A picture that was refused is not silently left out: it is replaced or put aside first.
form?.addEventListener("submit", (event) => {
  const refused = drops.find(
    (drop) => drop.dataset.unfit && !drop.classList.contains("has") && !drop.closest("fieldset").disabled,
  );
  if (!refused) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  refused.closest("fieldset").scrollIntoView({ block: "center" });
  refused.querySelector("[data-remove]").focus();
}, true);

document.addEventListener("paste", (event) => {
  const file = [...(event.clipboardData?.files ?? [])].find((each) => each.type.startsWith("image/"));
  const free = drops.find((drop) => !drop.classList.contains("has") && !drop.closest("fieldset").disabled);
  if (!file || !free) return;
  event.preventDefault();
  give(free, file);
});

function dress(drop) {
  const input = drop.querySelector("input[type=file]");
  drop.dataset.kept = drop.querySelector("img").getAttribute("src") ?? "";
  input.addEventListener("change", () => take(drop, input.files[0]));
  for (const name of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(name, (event) => {
      if (drop.closest("fieldset").disabled) return;
      event.preventDefault();
      drop.classList.toggle("over", name === "dragover");
      if (name === "drop" && event.dataTransfer.files[0]) give(drop, event.dataTransfer.files[0]);
    });
  }
  drop.addEventListener("give", ({ detail }) => give(drop, detail));
  drop.addEventListener("put", ({ detail }) => put(drop, detail));
  drop.querySelector("[data-remove]").addEventListener("click", () => {
    input.value = "";
    drop.querySelector("input[type=hidden]").value = "";
    drop.dataset.kept = "";
    say(drop, "");
    preview(drop, null);
    input.focus();
  });
}

function give(drop, file) {
  const carrier = new DataTransfer();
  carrier.items.add(file);
  drop.querySelector("input[type=file]").files = carrier.files;
  take(drop, file);
}

// One that is kept here already: named, not sent again.
function put(drop, { id, url }) {
  drop.querySelector("input[type=file]").value = "";
  drop.querySelector("input[type=hidden]").value = id;
  drop.dataset.kept = url;
  say(drop, "");
  preview(drop, null);
}

function take(drop, file) {
  const refusal = file ? unfit(file) : "";
  if (refusal) return refuse(drop, refusal);
  say(drop, "");
  preview(drop, file ?? null);
  if (file) look(drop, file);
}

function unfit(file) {
  if (!limits.types.includes(file.type)) return words.type;
  if (file.size <= limits.max_bytes) return "";
  return fill(words.bytes, { size: (file.size / 2 ** 20).toFixed(1), most: limits.max_bytes / 2 ** 20 });
}

async function look(drop, file) {
  let refusal = words.type;
  try {
    const image = await createImageBitmap(file);
    refusal = misshapen(image.width, image.height);
    image.close();
  } catch {
    // Not an image after all: the sentence about types holds.
  }
  const still = drop.querySelector("input[type=file]").files[0] === file;
  if (refusal && still) refuse(drop, refusal);
}

function misshapen(width, height) {
  const size = { width, height };
  if (width * height > limits.max_pixels) return fill(words.pixels, { ...size, most: limits.max_pixels / 1e6 });
  if (Math.min(width, height) < limits.least_side) return fill(words.side, { ...size, least: limits.least_side });
  const ratio = width / height;
  const fits = ratio <= limits.widest && ratio >= 1 / limits.widest;
  return fits ? "" : fill(words.ratio, { ...size, widest: limits.widest });
}

function fill(phrase, values) {
  return phrase.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

// What was there before stays; the refused file is not sent.
function refuse(drop, sentence) {
  drop.querySelector("input[type=file]").value = "";
  preview(drop, null);
  say(drop, sentence);
  drop.querySelector("[data-remove]").hidden = false;
  drop.scrollIntoView({ block: "nearest" });
}

function say(drop, sentence) {
  const field = drop.closest("fieldset");
  for (const old of field.querySelectorAll(".error:not([data-refused])")) old.remove();
  const spot = field.querySelector("[data-refused]");
  spot.querySelector("span").textContent = sentence;
  spot.hidden = !sentence;
  if (sentence) drop.dataset.unfit = "yes";
  else delete drop.dataset.unfit;
}

function preview(drop, file) {
  const image = drop.querySelector("img");
  if (image.src.startsWith("blob:")) URL.revokeObjectURL(image.src);
  const shown = file ? URL.createObjectURL(file) : drop.dataset.kept;
  if (shown) image.src = shown;
  else image.removeAttribute("src");
  image.hidden = !shown;
  const stands = Boolean(file || drop.querySelector("input[type=hidden]").value);
  drop.classList.toggle("has", stands);
  drop.querySelector("[data-remove]").hidden = !stands;
  // Of a picture on another host a page may not read the parts.
  const own = shown && new URL(shown, location).origin === location.origin;
  drop.querySelector("[data-crop]").hidden = !(stands && own);
  form.dispatchEvent(new Event("change"));
}
