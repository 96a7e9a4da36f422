// A film in shots: rows appear as they are needed, and their lengths add up.
const form = document.querySelector("[data-studio]");
const list = form?.querySelector("[data-shots]");
if (list) {
  const rows = [...list.children];
  const add = form.querySelector("[data-add-shot]");
  const on = form.elements.shots;
  let shown = Math.max(2, rows.filter((row) => row.querySelector("textarea").value.trim()).length);

  const update = () => {
    rows.forEach((row, index) => {
      row.hidden = index >= shown;
      row.querySelector("[data-drop-shot]").hidden = shown <= 1;
    });
    add.hidden = shown >= rows.length;
    const told = rows.filter((row) => row.querySelector("textarea").value.trim());
    const total = told.reduce((sum, row) => sum + Number(row.querySelector("input").value || 0), 0);
    const active = on.checked && !on.closest("fieldset").disabled;
    form.querySelector("[data-shots-total]").textContent = `${total} s`;
    form.querySelector('[data-fold="shots"]').textContent = active && told.length ? `${told.length} · ${total} s` : "";
    form.querySelector("[data-shots-rule]").hidden = !(active && told.length);
  };
  add.addEventListener("click", () => {
    shown += 1;
    update();
    rows[shown - 1].querySelector("textarea").focus();
  });
  list.addEventListener("click", (event) => {
    const row = event.target.closest("[data-drop-shot]")?.closest(".shot");
    if (!row) return;
    // The texts move up; the rows keep their numbers.
    const from = rows.indexOf(row);
    const cells = (at) => rows[at].querySelectorAll("textarea, input");
    for (let i = from; i < rows.length - 1; i += 1) {
      cells(i).forEach((cell, at) => (cell.value = cells(i + 1)[at].value));
    }
    cells(rows.length - 1)[0].value = "";
    shown -= 1;
    update();
    form.dispatchEvent(new Event("change"));
  });
  form.addEventListener("input", update);
  form.addEventListener("variant", update);
  update();
}
