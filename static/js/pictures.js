// Pictures in dialogs: one that was sent before is chosen, one at hand is cropped.
const form = document.querySelector("[data-studio]");
const list = document.querySelector("[data-pictures]");
const cropping = document.querySelector("[data-cropping]");
let drop = null; // the frame that the dialog is for
let cropper = null;

form?.addEventListener("click", (event) => {
  const field = event.target.closest("[data-frame]");
  const [pick, crop] = ["[data-pick]", "[data-crop]"].map((name) => event.target.closest(name));
  if (!field || !(pick || crop)) return;
  event.preventDefault();
  if (field.disabled) return;
  drop = field.querySelector("[data-drop]");
  if (pick) show(pick.href);
  else cut();
});

list?.addEventListener("click", (event) => {
  const more = event.target.closest("[data-more]");
  const picture = event.target.closest("[data-picture]");
  if (!more && !picture) return;
  event.preventDefault();
  if (more) return show(more.href);
  list.close();
  const { picture: id, link: url } = picture.dataset;
  drop.dispatchEvent(new CustomEvent("put", { detail: { id, url } }));
});

async function show(address) {
  const answer = await fetch(address, { headers: { "HX-Request": "true" } });
  if (!answer.ok) return location.assign(address);
  list.querySelector("[data-list]").innerHTML = await answer.text();
  if (!list.open) list.showModal();
}

cropping?.addEventListener("change", ({ target }) => target.name === "crop_ratio" && shape(target.value));
cropping?.addEventListener("close", () => cropping.querySelector("[data-canvas]").replaceChildren());
cropping?.querySelector("[data-use-crop]").addEventListener("click", use);

async function cut() {
  await loaded();
  const image = new Image();
  image.src = drop.querySelector("img").src;
  image.alt = "";
  await image.decode();
  const canvas = cropping.querySelector("[data-canvas]");
  canvas.replaceChildren(image);
  cropping.showModal();
  cropper = new window.Cropper.default(image, { container: canvas });
  const wanted = image.naturalWidth / image.naturalHeight;
  const radios = [...cropping.querySelectorAll("[name=crop_ratio]")];
  const nearest = radios.sort((a, b) => Math.abs(value(a.value) - wanted) - Math.abs(value(b.value) - wanted))[0];
  nearest.checked = true;
  await cropper.getCropperImage().$ready();
  cropper.getCropperImage().$center("contain");
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  shape(nearest.value);
  nearest.focus();
}

function loaded() {
  if (window.Cropper) return Promise.resolve();
  const script = Object.assign(document.createElement("script"), { src: cropping.dataset.cropper });
  document.head.append(script);
  return new Promise((done, failed) => Object.assign(script, { onload: done, onerror: failed }));
}

function value(ratio) {
  const [width, height] = ratio.split(":").map(Number);
  return width / height;
}

// The largest part of that shape, in the middle; from there it is moved and drawn smaller.
function shape(ratio) {
  const selection = cropper.getCropperSelection();
  const box = cropper.getCropperCanvas().getBoundingClientRect();
  const seen = cropper.getCropperImage().getBoundingClientRect();
  const width = Math.min(seen.width, seen.height * value(ratio));
  const height = width / value(ratio);
  Object.assign(selection, { aspectRatio: value(ratio), keyboard: true });
  const [left, top] = [seen.left - box.left, seen.top - box.top];
  selection.$change(left + (seen.width - width) / 2, top + (seen.height - height) / 2, width, height);
}

async function use() {
  const image = drop.querySelector("img");
  const selection = cropper.getCropperSelection();
  const scale = image.naturalWidth / cropper.getCropperImage().getBoundingClientRect().width;
  const canvas = await selection.$toCanvas({ width: Math.round(selection.width * scale) });
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.95));
  cropping.close();
  drop.dispatchEvent(new CustomEvent("give", { detail: new File([blob], "crop.jpg", { type: "image/jpeg" }) }));
}
