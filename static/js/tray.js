// The tray of jobs in the bar: kept true, counted, and loud enough when something ends.
const tray = document.querySelector("[data-tray]");
const list = tray?.querySelector("#tray");
const summary = tray?.querySelector("summary");
const LONG = 60000; // ms after which somebody may want to be told elsewhere
const title = document.title;
let known = null; // what each job's state was when last looked

if (tray) {
  document.addEventListener("jobs", () => window.htmx && list.dispatchEvent(new CustomEvent("refresh")));
  document.addEventListener("htmx:after:swap", () => list.querySelector("[data-active]") && settled());
  document.addEventListener("click", (event) => event.target.closest("[data-notify]") && ask());
  addEventListener("load", () => list.dispatchEvent(new CustomEvent("refresh")), { once: true });
  setInterval(clock, 1000);
}

function settled() {
  const head = list.querySelector(".tray-head");
  const [active, news] = [Number(head.dataset.active), Number(head.dataset.news)];
  const purse = document.querySelector("[data-available]");
  if (purse) purse.textContent = head.dataset.left;
  const count = summary.querySelector(".count");
  count.textContent = news || active;
  count.hidden = !(news || active);
  count.classList.toggle("news", news > 0);
  const words = [summary.dataset.words];
  if (news) words.push(summary.dataset.news.replace("#", news));
  if (active) words.push(summary.dataset.active.replace("#", active));
  summary.setAttribute("aria-label", words.join(", "));
  offer();
  const rows = [...list.querySelectorAll("[data-job-id]")];
  const ended = rows.filter((row) => known?.get(row.dataset.jobId) === "going" && !going(row));
  known = new Map(rows.map((row) => [row.dataset.jobId, going(row) ? "going" : "over"]));
  ended.forEach(announce);
  mark(news);
}

function going(row) {
  return ["queued", "processing"].includes(row.dataset.state);
}

// The tab says how much is new, wherever its own page writes its title.
function mark(news) {
  const bare = document.title.replace(/^\(\d+\) /, "");
  document.title = news && document.hidden ? `(${news}) ${bare || title}` : bare;
}

function announce(row) {
  const { jobId, says } = row.dataset;
  const address = row.querySelector("a").href;
  if (document.hidden && window.Notification?.permission === "granted") {
    const notice = new Notification(says, { tag: jobId });
    notice.addEventListener("click", () => {
      focus();
      location.assign(address);
    });
  }
  if (document.querySelector(`[data-job][data-id="${jobId}"]`)) return; // its own page shows it
  const toast = document.getElementById("toast").content.firstElementChild.cloneNode(true);
  Object.assign(toast.querySelector("a"), { href: address, textContent: says });
  toast.classList.add(row.dataset.state);
  toast.querySelector("button").addEventListener("click", () => toast.remove());
  document.querySelector("[data-toasts]").append(toast);
}

// Asked only of who waits long, and only by their own press.
function offer() {
  const button = list.querySelector("[data-notify]");
  const waits = [...list.querySelectorAll("time[data-since]")].some(
    (spot) => Date.now() - Date.parse(spot.dataset.since) > LONG,
  );
  button.hidden = window.Notification?.permission !== "default" || !waits;
}

async function ask() {
  await Notification.requestPermission();
  offer();
}

function clock() {
  for (const spot of document.querySelectorAll("time[data-since]")) {
    const seconds = Math.max(0, Math.round((Date.now() - Date.parse(spot.dataset.since)) / 1000));
    spot.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }
}
