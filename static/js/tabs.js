// A row of tabs that is wider than the page begins at the tab that is open.
for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
  const [row, open] = [tab.parentElement, tab].map((part) => part.getBoundingClientRect());
  tab.parentElement.scrollLeft += open.left + open.width / 2 - row.left - row.width / 2;
}
