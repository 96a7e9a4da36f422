// A month of films on the price page, reckoned as one types: the sum the server does (offers.py).
const form = document.querySelector("[data-reckon]");
const source = document.getElementById("reckon-data");
if (form && source) watch(form, JSON.parse(source.textContent));

function watch(form, data) {
  form.addEventListener("input", () => show(form, data));
  form.addEventListener("submit", (event) => event.preventDefault());
}

// One pack as often as it takes, or one plan that is enough alone; of equal ones the first.
export function cheapest(need, offers) {
  let best = null;
  for (const offer of offers) {
    const times = Math.ceil(need / offer.credits);
    if (times > 1 && offer.kind !== "pack") continue;
    const cents = times * offer.cents;
    if (!best || cents < best.cents) best = { offer, times, cents, credits: times * offer.credits };
  }
  return best;
}

function show(form, data) {
  const films = Math.min(Number(form.elements.films.value), data.most);
  const each = data.credits[form.elements.variant.value];
  if (!Number.isInteger(films) || films < 1) return;
  const way = cheapest(films * each, data.offers);
  const whole = (number) => number.toLocaleString("en-US");
  const amount = (way.cents / 100).toLocaleString("en-US", { minimumFractionDigits: 2 });
  const times = way.times > 1 ? `${whole(way.times)} × ` : "";
  put(form, {
    money: data.money.replace("#", amount),
    label: times + way.offer.label,
    each: whole(each),
    need: whole(films * each),
    left: whole(way.credits - films * each),
  });
}

function put(form, words) {
  for (const [name, text] of Object.entries(words)) {
    form.querySelector(`[data-${name}]`).textContent = text;
  }
}
