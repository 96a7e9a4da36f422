// Shows the chosen camera move on a small stage.
const form = document.querySelector("[data-studio]");
const stage = form?.querySelector("[data-preview]");
const AXES = { horizontal: "--dx", vertical: "--dy", zoom: "--dz", pan: "--pan", tilt: "--tilt", roll: "--roll" };
const MOVES = {
  down_back: { "--dy": -5, "--dz": -6 },
  forward_up: { "--dy": 5, "--dz": 6 },
  right_turn_forward: { "--pan": 6, "--dz": 5 },
  left_turn_forward: { "--pan": -6, "--dz": 5 },
};

if (stage) {
  const value = form.querySelector("#camera_value");
  const update = () => {
    const type = form.elements.camera.value;
    const move = type === "simple" ? { [AXES[form.elements.camera_axis.value]]: Number(value.value) } : MOVES[type];
    for (const name of Object.values(AXES)) stage.style.setProperty(name, move?.[name] ?? 0);
    stage.toggleAttribute("data-move", Boolean(move));
    form.querySelector('output[for="camera_value"]').textContent = value.value;
    const words = form.querySelector("[name=camera]:checked")?.closest("label").innerText ?? "";
    form.querySelector('[data-fold="camera"]').textContent = type && !stage.closest("fieldset").disabled ? words : "";
    const cfg = form.querySelector('output[for="cfg_scale"]');
    if (cfg) cfg.textContent = form.elements.cfg_scale.value;
  };
  form.addEventListener("input", update);
  form.addEventListener("variant", update);
  update();
}
