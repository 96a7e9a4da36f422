// Counters, the keyboard's way to the button, and one order per press.
const form = document.querySelector("[data-studio]");
const prompt = form?.querySelector("[data-prompt]");
if (prompt) {
  for (const area of form.querySelectorAll("textarea[data-most]")) count(area);
  const off = document.documentElement.dataset.shortcutsOff?.split(" ").includes("generate");
  form.addEventListener("keydown", (event) => {
    if (off) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit(form.querySelector("button[data-generate]"));
    }
  });
  form.addEventListener("submit", send);
  addEventListener("pageshow", (event) => {
    if (event.persisted) again();
  });
}

function count(area) {
  const spot = form.querySelector(`[data-count="${area.id}"]`);
  const most = Number(area.dataset.most);
  const update = () => {
    const length = [...area.value].length;
    spot.textContent = `${length}/${most}`;
    spot.classList.toggle("near", length > most * 0.9 && length <= most);
    spot.classList.toggle("over", length > most);
  };
  area.addEventListener("input", update);
  update();
}

function send(event) {
  const button = form.querySelector("button[data-generate]");
  if (button.getAttribute("aria-disabled") === "true" || form.dataset.sent) {
    event.preventDefault();
    return;
  }
  if (event.submitter?.name === "check") return;
  form.dataset.sent = "1";
  button.querySelector("[data-words]").textContent = form.querySelector("[data-phrases]").dataset.sending;
}

// Back from the job's page: another press is another film.
function again() {
  delete form.dataset.sent;
  form.elements.key.value = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
  form.dispatchEvent(new Event("change"));
}
