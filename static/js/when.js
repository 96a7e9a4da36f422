// Moments in the reader's own zone and manner; without scripts the page says them in UTC.
const DAY = { year: "numeric", month: "short", day: "numeric" };
const CLOCK = { hour: "2-digit", minute: "2-digit" };
const MANNERS = {
  day: DAY,
  clock: { ...CLOCK, timeZoneName: "short" },
  full: { ...DAY, ...CLOCK, second: "2-digit", timeZoneName: "short" },
  ago: null,
};

function dress() {
  for (const spot of document.querySelectorAll("time[data-when]")) {
    const moment = new Date(spot.dateTime);
    const exactly = moment.toLocaleString(undefined, MANNERS.full);
    const manner = MANNERS[spot.dataset.when];
    if (manner) spot.textContent = moment.toLocaleString(undefined, manner);
    spot.title = exactly;
  }
}

dress();
document.addEventListener("htmx:after:swap", dress);
