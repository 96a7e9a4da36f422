// When credits are missing: the pack that is enough, and the dearest order that the wallet pays for.
const form = document.querySelector("[data-studio]");
const spot = form?.querySelector("[data-affordable]");
if (spot) form.addEventListener("quoted", ({ detail }) => show(detail));

function show({ data, missing, order, price, say }) {
  const words = form.querySelector("[data-phrases]").dataset;
  const pack = data.packs.find((each) => each.credits >= missing);
  const usd = { style: "currency", currency: "USD" };
  if (missing && pack && !("test" in form.dataset)) {
    const cost = (pack.price_cents / 100).toLocaleString(document.documentElement.lang, usd);
    form.querySelector("[data-short] a").textContent = say(words.pack, pack.credits).replace("{price}", cost);
  }
  const best = missing ? fitting(data, order, price) : null;
  spot.hidden = !best;
  if (!best) return;
  const { model, mode, duration, copies, credits } = best;
  const { title, modes } = data.models[model];
  const quality = modes.find((each) => each.name === mode).title;
  const button = spot.querySelector("button");
  button.textContent = [title, quality, `${duration} s${copies > 1 ? ` × ${copies}` : ""}`].join(" · ");
  button.textContent += ` · ${credits === 1 ? words.one : say(words.many, credits)}`;
  button.onclick = () => take({ model, mode, duration, copies });
}

function take(wanted) {
  for (const [name, value] of Object.entries(wanted)) {
    const box = form.querySelector(`[name=${name}][value="${value}"]`);
    if (box) box.checked = true;
    if (form.elements.sound) form.elements.sound.checked = false;
    form.dispatchEvent(new Event("change"));
  }
  form.querySelector("button[data-generate]").focus();
}

// Of the model that is chosen where that can be, else of any.
function fitting(data, order, price) {
  const available = Number(form.dataset.available);
  const offered = [...form.querySelectorAll("[name=model]:not(:disabled)")].map((each) => each.value);
  const takes = [...new Set([Number(form.elements.copies.value), 1])];
  const found = offered.flatMap((model) => {
    const { kinds, modes, durations } = data.models[model];
    if (!kinds.includes(order.kind)) return [];
    return modes.flatMap(({ name: mode }) =>
      durations.flatMap((duration) => {
        const one = price({ model, mode, duration, sound: false, voices: false }) ?? Infinity;
        return takes.map((copies) => ({ model, mode, duration, copies, credits: one * copies }));
      }),
    );
  });
  const fit = found.filter(({ credits }) => credits <= available);
  const rank = ({ model, credits }) => (model === order.model ? 1e9 : 0) + credits;
  return fit.sort((a, b) => rank(b) - rank(a))[0] ?? null;
}
