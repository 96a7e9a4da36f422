// Pages of jobs follow by themselves: the feed says that something changed, the server says what.
const job = document.querySelector("[data-job]");
const jobs = document.querySelector("[data-jobs]");
const state = () => job.querySelector("[data-status]");
const over = () => Boolean(state()?.dataset.over);

if (job && !over()) {
  let known = state().dataset.announce;
  let word = state().dataset.word;
  let again = 0; // its place in the queue is no event: looked at by the clock
  const look = () => (window.htmx ? refresh(job) : location.reload());
  const next = () => {
    clearTimeout(again);
    const seconds = Number(state()?.dataset.again);
    if (seconds && !over()) again = setTimeout(look, seconds * 1000);
  };

  document.addEventListener("jobs", ({ detail }) => {
    const about = !detail.jobs.length || detail.jobs.includes(job.dataset.id);
    if (about && !over()) look();
  });
  job.addEventListener("htmx:after:swap", settled);
  next();

  function settled() {
    const now = state();
    if (!now) return;
    next();
    if (now.dataset.announce !== known) {
      known = now.dataset.announce;
      document.querySelector("[data-announcer]").textContent = known;
      document.title = document.title.replace(word, now.dataset.word);
      word = now.dataset.word;
    }
    if (!over()) return;
    const film = job.querySelector("video[data-film]");
    if (film) {
      film.muted = true;
      film.play().catch(() => {});
    }
  }
}

if (jobs) document.addEventListener("jobs", () => window.htmx && refresh(jobs));

function refresh(part) {
  part.dispatchEvent(new CustomEvent("refresh"));
}
