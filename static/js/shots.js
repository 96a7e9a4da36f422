// A film in shots: rows that move, a time axis above them, and a prompt that falls apart into them.
const form = document.querySelector("[data-studio]");
const list = form?.querySelector("[data-shots]");
const source = document.getElementById("studio-data");
if (list && source) tell(JSON.parse(source.textContent).models);

function tell(models) {
  const rows = [...list.children];
  const axis = form.querySelector("[data-timeline]");
  const add = form.querySelector("[data-add-shot]");
  const split = form.querySelector("[data-split-prompt]");
  const sum = form.querySelector("[data-sum]");
  const on = form.elements.shots;
  let shown = Math.max(2, rows.filter((row) => words(row).value.trim()).length);
  let dragged = -1;

  const update = () => {
    const model = models[form.elements.model.value];
    const most = Math.min(rows.length, model?.capabilities.multi_prompt.most || rows.length);
    rows.forEach((row, index) => {
      row.hidden = index >= shown;
      row.querySelector("[data-drop-shot]").hidden = shown <= 1;
      row.querySelector('[data-move="-1"]').hidden = index === 0;
      row.querySelector('[data-move="1"]').hidden = index >= shown - 1;
    });
    add.hidden = shown >= most;
    split.hidden = pieces().length < 2;
    const told = rows.filter((row) => words(row).value.trim());
    const total = told.reduce((all, row) => all + seconds(row), 0);
    const longest = Math.max(...(model?.durations ?? [0]));
    const active = on.checked && !on.closest("fieldset").disabled;
    sum.textContent = (total > longest ? sum.dataset.over : sum.dataset.fits)
      .replace("{total}", total)
      .replace("{most}", longest);
    sum.classList.toggle("over", total > longest);
    form.querySelector('[data-fold="shots"]').textContent = active && told.length ? `${told.length} · ${total} s` : "";
    form.querySelector("[data-shots-rule]").hidden = !(active && told.length);
    draw(Math.max(total, longest));
  };

  // One block for each row, as wide as it is long; what is left of the model's longest stays free.
  const draw = (whole) => {
    axis.hidden = !on.checked;
    axis.replaceChildren(
      ...rows.slice(0, shown).map((row, index) => {
        const block = document.createElement("li");
        block.style.flexBasis = `${(100 * seconds(row)) / whole}%`;
        block.draggable = true;
        block.dataset.at = index;
        block.classList.toggle("blank", !words(row).value.trim());
        const title = document.createElement("span");
        title.textContent = words(row).value.trim() || axis.dataset.blank;
        const time = document.createElement("b");
        time.textContent = `${seconds(row)} s`;
        block.append(time, title);
        return block;
      }),
    );
  };

  // The texts move; the rows keep their numbers.
  const move = (from, to) => {
    const by = from < to ? 1 : -1;
    for (let at = from; at !== to; at += by) {
      const [one, other] = [cells(rows[at]), cells(rows[at + by])];
      one.forEach((cell, n) => ([cell.value, other[n].value] = [other[n].value, cell.value]));
    }
    changed();
  };
  const changed = () => {
    update();
    form.dispatchEvent(new Event("change"));
  };
  const pieces = () => {
    const parts = form.elements.prompt.value.split(/\n\s*\n/);
    return parts.map((part) => part.trim()).filter(Boolean).slice(0, rows.length);
  };

  add.addEventListener("click", () => {
    shown += 1;
    update();
    words(rows[shown - 1]).focus();
  });
  split.addEventListener("click", () => {
    const parts = pieces();
    rows.forEach((row, index) => (words(row).value = (parts[index] ?? "").slice(0, 512)));
    shown = parts.length;
    on.checked = true;
    changed();
    words(rows[0]).focus();
  });
  list.addEventListener("click", ({ target }) => {
    const at = rows.indexOf(target.closest(".shot"));
    const mover = target.closest("[data-move]");
    if (mover) {
      const to = at + Number(mover.dataset.move);
      move(at, to);
      const same = rows[to].querySelector(`[data-move="${mover.dataset.move}"]`);
      (same.hidden ? words(rows[to]) : same).focus();
    }
    if (!target.closest("[data-drop-shot]")) return;
    words(rows[at]).value = "";
    move(at, shown - 1);
    shown -= 1;
    changed();
    words(rows[Math.min(at, shown - 1)]).focus();
  });
  axis.addEventListener("dragstart", ({ target }) => (dragged = Number(target.dataset.at)));
  axis.addEventListener("dragover", (event) => dragged >= 0 && event.preventDefault());
  axis.addEventListener("drop", (event) => {
    const onto = event.target.closest("[data-at]");
    if (onto && dragged >= 0) move(dragged, Number(onto.dataset.at));
    dragged = -1;
  });
  form.addEventListener("input", update);
  form.addEventListener("variant", update);
  update();
}

function words(row) {
  return row.querySelector("textarea");
}

function seconds(row) {
  return Number(row.querySelector("input").value || 0);
}

function cells(row) {
  return [...row.querySelectorAll("textarea, input")];
}
