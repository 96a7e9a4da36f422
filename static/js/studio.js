// Lets a form offer only what the chosen model can do, and says why the rest is off.
const form = document.querySelector("[data-studio]");
const source = document.getElementById("studio-data");
if (form && source) follow(form, JSON.parse(source.textContent).models);

function follow(form, models) {
  const update = () => {
    const model = models[form.elements.model.value];
    if (!model) return;
    limit(form, "mode", model.modes.map((mode) => mode.name), model.default.mode);
    limit(form, "duration", model.durations.map(String), String(model.default.duration));
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
  addEventListener("pageshow", update);
  update();
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

// Radio buttons the model does not know go away; a choice that went falls back to the default.
function limit(form, name, allowed, fallback) {
  const radios = [...form.querySelectorAll(`input[type=radio][name=${name}]`)];
  for (const radio of radios) {
    const off = !allowed.includes(radio.value);
    radio.disabled = off;
    radio.closest(".choice").hidden = off;
    if (off) radio.checked = false;
  }
  if (!radios.some((radio) => radio.checked)) {
    for (const radio of radios) radio.checked = radio.value === fallback;
  }
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
  for (const choice of group.querySelectorAll("[data-camera-type]")) {
    const input = choice.querySelector("input");
    input.disabled = !(control.types ?? []).includes(choice.dataset.cameraType);
  }
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
