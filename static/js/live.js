// A job's page follows by itself: events say that something changed, the server says what.
const job = document.querySelector("[data-job]");
const state = () => job.querySelector("[data-status]");
const over = () => Boolean(state()?.dataset.over);
const POLL = 3000;

if (job && !over()) {
  let stream = null;
  let known = state().dataset.announce;
  let word = state().dataset.word;
  let poll = setInterval(refresh, POLL);
  const tick = setInterval(clock, 1000);

  const listen = () => {
    stream = new EventSource(job.dataset.events);
    stream.addEventListener("open", () => {
      // Events are told at once; a slow look remains, should one be lost on the way.
      clearInterval(poll);
      poll = setInterval(refresh, POLL * 5);
    });
    stream.addEventListener("state", refresh);
    stream.addEventListener("wait", refresh); // its place in the queue may be another
    stream.addEventListener("error", () => {
      clearInterval(poll);
      poll = setInterval(refresh, POLL);
      if (stream.readyState === EventSource.CLOSED) stream = null;
    });
  };
  if ("EventSource" in window) listen();

  job.addEventListener("htmx:after:swap", settled);
  document.addEventListener("visibilitychange", () => document.hidden || over() || refresh());

  function refresh() {
    if (!window.htmx) location.reload();
    else job.dispatchEvent(new CustomEvent("refresh"));
  }

  function settled() {
    const now = state();
    if (!now) return;
    const purse = document.querySelector("[data-available]");
    if (purse) purse.textContent = now.dataset.left;
    if (now.dataset.announce !== known) {
      known = now.dataset.announce;
      document.querySelector("[data-announcer]").textContent = known;
      document.title = document.title.replace(word, now.dataset.word);
      word = now.dataset.word;
    }
    if (!over()) return;
    clearInterval(poll);
    clearInterval(tick);
    stream?.close();
    const film = job.querySelector("video[data-film]");
    if (film) {
      film.muted = true;
      film.play().catch(() => {});
    }
  }
}

function clock() {
  for (const spot of document.querySelectorAll("time[data-since]")) {
    const seconds = Math.max(0, Math.round((Date.now() - Date.parse(spot.dataset.since)) / 1000));
    spot.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }
}
