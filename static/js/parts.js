// What a prompt says and lacks: a checklist, words to add, and a proposal that fills the gaps.
const form = document.querySelector("[data-studio]");
const prompt = form?.querySelector("[data-prompt]");
const box = form?.querySelector("[data-parts]");
const parts = box ? [...box.querySelectorAll("[data-part]")].map(read) : [];

if (box) {
  box.hidden = false;
  prompt.addEventListener("input", update);
  form.addEventListener("variant", update); // with a picture, less has to be said
  for (const part of parts) {
    part.chip.addEventListener("click", () => open(part.chip.getAttribute("aria-expanded") === "true" ? null : part));
    for (const phrase of part.phrases) phrase.addEventListener("click", () => write(toggled(phrase.dataset.phrase)));
  }
  const proposal = box.querySelector("[data-proposal]");
  box.querySelector("[data-fill]").addEventListener("click", () => propose(proposal));
  proposal.querySelector("[data-use]").addEventListener("click", () => {
    write(proposal.querySelector("p").textContent);
    settle(proposal);
  });
  proposal.querySelector("[data-keep]").addEventListener("click", () => settle(proposal));
  update();
}

function read(chip) {
  const words = document.getElementById(chip.getAttribute("aria-controls"));
  // Latin words count by their beginning, Chinese ones wherever they stand.
  const tells = chip.dataset.tells.split("|").filter(Boolean);
  const latin = tells.filter((word) => /^[\x00-\u024f’]/.test(word)).map((word) => `\\b${word}`);
  const others = tells.filter((word) => !/^[\x00-\u024f’]/.test(word));
  const pattern = tells.length ? new RegExp([...latin, ...others].join("|"), "iu") : /\S\S/u;
  return { chip, words, pattern, phrases: [...words.querySelectorAll("[data-phrase]")] };
}

function update() {
  const pictured = form.elements.aspect_ratio?.[0]?.closest("fieldset").disabled;
  for (const { chip, words, pattern, phrases } of parts) {
    const wanted = !pictured || "pictured" in chip.dataset;
    chip.hidden = !wanted;
    if (!wanted) words.hidden = true;
    const there = pattern.test(prompt.value) || phrases.some((one) => stands(one.dataset.phrase));
    chip.classList.toggle("there", there);
    chip.setAttribute("aria-label", there ? chip.dataset.there : chip.dataset.missing);
    for (const one of phrases) one.setAttribute("aria-pressed", stands(one.dataset.phrase));
  }
  box.querySelector("[data-fill]").hidden = !gaps().length;
}

function gaps() {
  return parts.filter(({ chip }) => !chip.hidden && !chip.classList.contains("there"));
}

function open(wanted) {
  for (const part of parts) {
    const here = part === wanted;
    part.words.hidden = !here;
    part.chip.setAttribute("aria-expanded", here);
  }
}

function stands(words) {
  return prompt.value.toLowerCase().includes(words.toLowerCase());
}

// A phrase is put behind the prompt, and taken out again by a second press.
function toggled(words) {
  const at = prompt.value.toLowerCase().indexOf(words.toLowerCase());
  if (at < 0) return `${prompt.value}${joint()}${words}`;
  const rest = prompt.value.slice(0, at).replace(/,?\s*$/, "") + prompt.value.slice(at + words.length);
  return rest.replace(/^[,\s]+/, "");
}

function joint() {
  if (!prompt.value.trim()) return "";
  return /[,，]\s*$/.test(prompt.value) ? " " : ", ";
}

function write(text) {
  prompt.value = text;
  prompt.dispatchEvent(new Event("input", { bubbles: true }));
}

// Never silently: what would be added is shown first.
function propose(proposal) {
  const added = gaps().map(({ phrases }) => phrases[0].dataset.phrase).join(", ");
  proposal.querySelector("[data-mine]").textContent = prompt.value.trimEnd();
  proposal.querySelector("[data-added]").textContent = joint() + added;
  proposal.hidden = false;
  proposal.querySelector("[data-use]").focus();
}

function settle(proposal) {
  proposal.hidden = true;
  prompt.focus();
}
