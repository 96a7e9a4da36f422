// Films that are played and wound together. Without this each has its own controls.
const bar = document.querySelector("[data-together]");
const films = [...document.querySelectorAll(".compared video")];
const play = bar.querySelector("[data-play]");
const moment = bar.querySelector("input");
const told = bar.querySelector("output");
const longest = () => Math.max(...films.map((film) => film.duration || 0)) || 1;
let playing = false;

const show = (seconds) => {
  moment.value = seconds / longest();
  told.textContent = `${seconds.toFixed(1)} s`;
};

const wind = (seconds) => {
  for (const film of films) film.currentTime = Math.min(seconds, film.duration || seconds);
  show(seconds);
};

const set = (on) => {
  playing = on;
  play.setAttribute("aria-pressed", on);
  play.querySelector("[data-while=paused]").hidden = on;
  play.querySelector("[data-while=playing]").hidden = !on;
  for (const film of films) on && !film.ended ? film.play().catch(() => {}) : film.pause();
  if (on) requestAnimationFrame(follow);
};

function follow() {
  if (!playing) return;
  const at = Math.max(...films.map((film) => film.currentTime));
  // Whoever is behind by more than two frames is brought along.
  for (const film of films) {
    if (!film.ended && !film.seeking && at - film.currentTime > 0.09) film.currentTime = at;
  }
  show(at);
  if (films.every((film) => film.ended)) {
    set(false);
    return;
  }
  requestAnimationFrame(follow);
}

bar.hidden = false;
for (const film of films) film.controls = false;
play.addEventListener("click", () => {
  if (!playing && films.every((film) => film.ended)) wind(0);
  set(!playing);
});
moment.addEventListener("input", () => {
  set(false);
  wind(moment.value * longest());
});
