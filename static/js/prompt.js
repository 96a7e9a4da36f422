// Counters, the keyboard's way to the button, one order per press, and a draft that survives.
const form = document.querySelector("[data-studio]");
const prompt = form?.querySelector("[data-prompt]");
if (prompt) {
  for (const area of form.querySelectorAll("textarea[data-most]")) count(area);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit(form.querySelector("button[data-generate]"));
    }
  });
  form.addEventListener("submit", send);
  const phrases = form.querySelector("[data-phrases-for]");
  if (phrases) offer(phrases);
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

// A phrase is put behind the prompt, and taken out again by a second press.
function offer(phrases) {
  const chips = [...phrases.querySelectorAll("[data-phrase]")];
  const stands = (words) => prompt.value.toLowerCase().includes(words.toLowerCase());
  const update = () => {
    for (const chip of chips) chip.setAttribute("aria-pressed", stands(chip.dataset.phrase));
  };
  const toggle = (words) => {
    const at = prompt.value.toLowerCase().indexOf(words.toLowerCase());
    if (at < 0) return `${prompt.value.trimEnd().replace(/,$/, "")}${prompt.value.trim() ? ", " : ""}${words}`;
    return prompt.value.slice(0, at).replace(/,?\s*$/, "") + prompt.value.slice(at + words.length);
  };
  for (const chip of chips) {
    chip.addEventListener("click", () => {
      prompt.value = toggle(chip.dataset.phrase).replace(/^[,\s]+/, "");
      prompt.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
  prompt.addEventListener("input", update);
  phrases.hidden = false;
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
