// Prices the order in the form from the embedded price book; no request, the server's figure.
const form = document.querySelector("[data-quote]");
const source = document.getElementById("studio-data");
if (form && source) watch(form, JSON.parse(source.textContent));

function watch(form, data) {
  const update = () => {
    const one = price(data, read(form));
    show(form, data, one === null ? null : one * Number(form.elements.copies?.value ?? 1));
  };
  for (const event of ["variant", "input", "change"]) form.addEventListener(event, update);
  update();
}

// What is priced: a control that is off counts as not set, as it is not sent either.
function read(form) {
  const set = (name) => {
    const box = form.elements[name];
    return Boolean(box?.checked && !box.closest("fieldset:disabled"));
  };
  const voices = form.elements.voices;
  const shots = set("shots")
    ? [...form.querySelectorAll(".shot")].filter((row) => row.querySelector("textarea").value.trim())
    : [];
  const seconds = shots.map((row) => Number(row.querySelector("input").value));
  return {
    model: form.elements.model.value,
    kind: form.querySelector(".drop.has") ? "image2video" : "text2video",
    mode: form.elements.mode.value,
    duration: shots.length ? seconds.reduce((a, b) => a + b, 0) : Number(form.elements.duration.value),
    sound: set("sound"),
    voices: Boolean(voices && !voices.closest("fieldset:disabled") && voices.value.trim()),
  };
}

export function price({ models, prices }, order) {
  const sounding = order.sound || models[order.model]?.capabilities.sound.always;
  const audio = order.voices ? "voice" : sounding ? "native" : "none";
  const rows = prices[order.model] ?? {};
  const key = `audio=${audio},mode=${order.mode}`;
  const clip = rows[`${key},seconds=${order.duration}`];
  if (clip !== undefined) return clip;
  const whole = Number.isInteger(order.duration) && order.duration > 0;
  return rows[key] !== undefined && whole ? rows[key] * order.duration : null;
}

function show(form, data, credits) {
  const words = form.querySelector("[data-phrases]")?.dataset;
  const number = form.querySelector("[data-credits-number]");
  if (number) {
    number.textContent = credits ?? "–";
    form.querySelector("[data-usd]").textContent = credits === null ? "" : `$${(credits * data.usd).toFixed(2)}`;
  }
  if (!words) return;
  const say = (phrase, amount) => phrase.replace("#", amount.toLocaleString(document.documentElement.lang));
  const available = Number(form.dataset.available);
  const missing = credits === null ? 0 : Math.max(0, credits - available);
  const button = form.querySelector("button[data-generate]");
  button.classList.toggle("short", missing > 0);
  button.setAttribute("aria-disabled", missing > 0 ? "true" : "false");
  form.querySelector("[data-words]").textContent = missing ? say(words.missing, missing) : words.generate;
  const cost = credits === null ? "" : credits === 1 ? words.one : say(words.many, credits);
  form.querySelector("span[data-credits]").textContent = missing || !cost ? "" : `· ${cost}`;
  const after = missing ? say(words.have, available) : say(words.left, available - (credits ?? 0));
  const lock = form.querySelector("[data-locked]");
  const locked = lock?.dataset.locked === form.elements.model.value;
  if (lock) lock.hidden = !locked;
  button.hidden = locked;
  form.querySelector("[data-after]").textContent = credits === null || locked ? "" : after;
  form.querySelector("[data-short]").hidden = !missing;
  const detail = { data, missing, order: read(form), price: (order) => price(data, order), say };
  form.dispatchEvent(new CustomEvent("quoted", { detail }));
  form.elements.quoted.value = credits ?? "";
  models(form, data);
}

// Each model's price for the quality and length chosen, where it has them.
function models(form, data) {
  for (const spot of form.querySelectorAll("[data-model-price]")) {
    const model = data.models[spot.dataset.modelPrice];
    const order = read(form);
    const mode = model.modes.some((m) => m.name === order.mode) ? order.mode : model.default.mode;
    const known = model.durations.includes(order.duration);
    const duration = known ? order.duration : model.default.duration;
    spot.textContent = price(data, { model: model.model, mode, duration, sound: false, voices: false }) ?? "–";
  }
}
