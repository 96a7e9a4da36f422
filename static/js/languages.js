// The language chosen in one example is shown in all of them, and on the next page.
const place = "docs-language";
function show(language) {
  for (const choice of document.querySelectorAll(".sample input[type=radio]")) {
    if (choice.value === language) choice.checked = true;
  }
}
const before = localStorage.getItem(place);
if (before) show(before);
document.addEventListener("change", (event) => {
  if (!event.target.matches(".sample input[type=radio]")) return;
  const top = event.target.getBoundingClientRect().top;
  localStorage.setItem(place, event.target.value);
  show(event.target.value);
  scrollBy(0, event.target.getBoundingClientRect().top - top);
});
// On a narrow page the list of pages begins closed.
if (matchMedia("(max-width: 63.99rem)").matches) {
  document.querySelector(".contents")?.removeAttribute("open");
}
