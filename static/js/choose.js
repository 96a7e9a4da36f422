// Films chosen in the grid: a count, ranges with Shift, and all of the page at one press.
const bar = document.getElementById("bulk");

if (bar) {
  const count = bar.querySelector("[data-count]");
  const page = bar.querySelector("[data-page]");
  const boxes = () => [...document.querySelectorAll("input[name=film][form=bulk]")];
  let last = null;

  const tell = () => {
    const chosen = boxes().filter((box) => box.checked).length;
    count.textContent = bar.elements.all.checked ? "" : chosen;
  };

  document.addEventListener("click", (event) => {
    const box = event.target.closest?.("input[name=film][form=bulk]");
    if (!box) return;
    const all = boxes();
    const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
    if (event.shiftKey && from >= 0) {
      for (const each of all.slice(from, to + 1)) each.checked = box.checked;
    }
    last = box;
    tell();
  });
  page.hidden = false;
  page.addEventListener("click", () => {
    for (const box of boxes()) box.checked = true;
    tell();
  });
  bar.addEventListener("change", tell);
  bar.addEventListener("reset", () => setTimeout(tell));
  addEventListener("pageshow", tell);
}
