// Lets a form offer only what the chosen model can do, and says why the rest is off.
const form = document.querySelector("[data-studio]");
const source = document.getElementById("studio-data");
if (form && source) follow(form, JSON.parse(source.textContent).models);

function follow(form, models) {
  const wishes = {};
  let before = null;
  // What stands there and is no default was chosen, by the reader or by a link they followed.
  const begin = () => {
    before = models[form.elements.model.value];
    for (const [name, { fallback }] of Object.entries(before ? offered(before) : {})) {
      const value = form.elements[name]?.value;
      if (value && value !== fallback) wishes[name] = value;
    }
    update();
  };
  const update = (event) => {
    const model = models[form.elements.model.value];
    if (!model) return;
    if (event?.target.type === "radio" && event.target.name !== "model") wishes[event.target.name] = event.target.value;
    const changed = model === before ? null : [];
    for (const [name, { allowed, fallback }] of Object.entries(offered(model))) {
      limit(form, name, allowed, changed ? (wishes[name] ?? fallback) : "", fallback, changed);
    }
    if (changed) tell(form, changed);
    before = model;
    for (const mode of model.modes) {
      const spot = form.querySelector(`[data-resolution="${mode.name}"]`);
      if (spot) spot.textContent = mode.resolution;
    }
    write(form, "[data-model-title]", model.title);
    write(form, "[data-model-words]", model.description);
    const variant = chosen(form);
    for (const group of form.querySelectorAll("[data-cap]")) capability(group, model, variant);
    frame(form, model, variant);
    form.dispatchEvent(new CustomEvent("variant"));
  };
  form.addEventListener("input", update);
  form.addEventListener("change", update);
  form.addEventListener("input", ({ target }) => mended(form, target));
  addEventListener("pageshow", begin);
  begin();
}

// What was said against an answer goes when another is given; with the last of it the notice above.
function mended(form, target) {
  const said = ".error:not([data-refused])";
  target.removeAttribute("aria-invalid");
  for (const old of (target.closest(".field") ?? target.closest("details"))?.querySelectorAll(said) ?? []) old.remove();
  if (!form.querySelector(said)) form.querySelector(".say.bad:has(li)")?.remove();
}

// The choices a model leaves, and the one it begins with.
function offered(model) {
  const types = model.capabilities.camera_control.types ?? [];
  return {
    mode: { allowed: model.modes.map((mode) => mode.name), fallback: model.default.mode },
    duration: { allowed: model.durations.map(String), fallback: String(model.default.duration) },
    camera: { allowed: ["", ...types], fallback: "" },
  };
}

function tell(form, changed) {
  const spot = form.querySelector("[data-changes]");
  if (spot) spot.textContent = changed.length ? spot.dataset.changes.replace("#", changed.join(", ")) : "";
}

function chosen(form) {
  const pictured = [...form.querySelectorAll("[data-drop]")].some(
    (drop) => drop.classList.contains("has") && !drop.closest("fieldset").disabled,
  );
  return {
    kind: pictured ? "image2video" : "text2video",
    mode: form.elements.mode.value,
    duration: Number(form.elements.duration?.value),
  };
}

// Radio buttons the model does not know go away. With another model (`changed` is a list then) the
// reader's own last choice holds where it exists, else the model's default; what changed is listed.
function limit(form, name, allowed, wish, fallback, changed) {
  const radios = [...form.querySelectorAll(`input[type=radio][name=${name}]`)];
  const was = radios.find((radio) => radio.checked);
  for (const radio of radios) {
    radio.disabled = !allowed.includes(radio.value);
    radio.closest(".choice").hidden = radio.disabled;
  }
  const stays = !changed && was && !was.disabled;
  const wanted = allowed.includes(wish) && changed ? wish : fallback;
  const now = stays ? was : radios.find((radio) => radio.value === wanted);
  if (!now) return;
  now.checked = true;
  if (changed && was && now !== was) changed.push(now.closest(".choice").innerText.replace(/\s+/g, " ").trim());
}

function capability(group, model, { kind, mode, duration }) {
  const control = model.capabilities[group.dataset.cap];
  const shots = group.dataset.cap === "multi_prompt";
  const tail = group.dataset.cap === "image_tail";
  const covers = (list, value) => list.length === 0 || list.includes(value);
  const here =
    control.available &&
    (tail || covers(control.kinds, kind)) &&
    covers(control.modes, mode) &&
    (shots || covers(control.durations, duration));
  group.disabled = !here;
  const why = group.querySelector("[data-why]");
  if (why) {
    why.hidden = here;
    why.textContent = control.reason;
  }
  if (control.always !== undefined) always(group, here && control.always);
}

function always(group, on) {
  const box = group.querySelector("input[type=checkbox]");
  if (on && !box.disabled) box.dataset.before = box.checked ? "1" : "";
  if (!on && box.disabled) box.checked = box.dataset.before === "1";
  box.disabled = on;
  if (on) box.checked = true;
}

function frame(form, model, { kind }) {
  const ratio = form.querySelector('[data-group="aspect_ratio"]');
  if (ratio) {
    ratio.disabled = kind === "image2video";
    ratio.querySelector("[data-why]").hidden = kind === "text2video";
  }
  const why = form.querySelector('[data-why="kind"]');
  if (why) {
    why.textContent = model.kind_reasons[kind];
    why.hidden = !model.kind_reasons[kind];
  }
}

function write(form, selector, text) {
  const spot = form.querySelector(selector);
  if (spot) spot.textContent = text;
}
