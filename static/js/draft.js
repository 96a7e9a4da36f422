// Earlier prompts by menu and keys, and a draft of this tab that outlives a lost session.
const form = document.querySelector("[data-studio]");
const prompt = form?.querySelector("[data-prompt]");
const KEY = `draft ${document.body.dataset.feedName}`;
const NOT_KEPT = new Set(["csrfmiddlewaretoken", "key", "quoted", "image", "image_tail"]);
const earlier = [...(form?.querySelectorAll("[data-again]") ?? [])].map((each) => each.dataset.again);
let at = -1; // which of them stands in the prompt; -1 is what was typed
let typed = "";

if (prompt) {
  prompt.addEventListener("keydown", (event) => {
    if (document.documentElement.dataset.shortcutsOff?.split(" ").includes("prompts")) return;
    if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    step(event.key === "ArrowUp" ? 1 : -1);
  });
  form.addEventListener("click", (event) => {
    const again = event.target.closest("[data-again]");
    if (!again) return;
    put(again.dataset.again);
    again.closest("details").open = false;
    prompt.focus();
  });
  restore();
  recipe(document.getElementById("keep-recipe"));
  form.addEventListener("input", keep);
  form.addEventListener("change", keep);
  form.addEventListener("submit", (event) => event.defaultPrevented || sessionStorage.removeItem(KEY));
}
document.querySelector("form[action*=logout]")?.addEventListener("submit", () => sessionStorage.clear());

// A recipe is what a draft is, under a name.
function recipe(keeper) {
  form.querySelector("[data-keep-recipe]").hidden = false;
  keeper.addEventListener("formdata", ({ formData }) => settings().forEach(([name, value]) => formData.append(name, value)));
}

function step(by) {
  const next = Math.max(-1, Math.min(earlier.length - 1, at + by));
  if (next === at) return;
  if (at === -1) typed = prompt.value;
  at = next;
  put(at === -1 ? typed : earlier[at]);
}

function put(text) {
  prompt.value = text;
  prompt.dispatchEvent(new Event("input", { bubbles: true }));
}

function settings() {
  return [...new FormData(form)].filter(([name, value]) => typeof value === "string" && !NOT_KEPT.has(name));
}

function keep() {
  sessionStorage.setItem(KEY, JSON.stringify(settings()));
}

// Only onto an empty beginning: what an address or a refusal brought is newer.
function restore() {
  const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  if (!kept || location.search || form.querySelector(".say.bad")) return;
  const fresh = prompt.value;
  for (const box of form.querySelectorAll("input[type=checkbox]")) box.checked = false;
  const nth = {};
  for (const [name, value] of kept) {
    const found = [...form.querySelectorAll(`[name="${CSS.escape(name)}"]`)];
    if (["radio", "checkbox"].includes(found[0]?.type)) {
      for (const each of found) if (each.value === value) each.checked = true;
    } else if (found.length) {
      found[nth[name] ?? 0].value = value;
      nth[name] = (nth[name] ?? 0) + 1;
    }
  }
  form.dispatchEvent(new Event("change"));
  prompt.dispatchEvent(new Event("input", { bubbles: true }));
  const note = form.querySelector("[data-restored]");
  note.hidden = prompt.value === fresh;
  note.querySelector("[data-forget]").addEventListener("click", () => {
    sessionStorage.removeItem(KEY);
    location.reload();
  });
}
