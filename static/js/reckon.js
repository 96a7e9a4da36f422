// A month of films on the price page, reckoned by the server as one types.
const form = document.querySelector("[data-reckon]");
let asked = new AbortController();
form?.addEventListener("input", () => ask(form));

// Shows the answer to the latest question; where it is lost no other stands in its place.
async function ask(form) {
  asked.abort();
  asked = new AbortController();
  const { signal } = asked;
  const query = new URLSearchParams(new FormData(form));
  try {
    const answer = await fetch(`${form.dataset.reckon}?${query}`, { signal });
    show(form, answer.ok ? await answer.text() : "");
  } catch {
    if (!signal.aborted) show(form, "");
  }
}

function show(form, way) {
  const spot = form.querySelector("[data-way]");
  spot.innerHTML = way;
  form.elements.films.setAttribute("aria-invalid", Boolean(spot.querySelector("[data-wrong]")));
}
