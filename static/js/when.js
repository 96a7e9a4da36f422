// Moments in the reader's own zone and manner; without scripts the page says them in UTC or the chosen zone.
const DAY = { year: "numeric", month: "short", day: "numeric" };
const CLOCK = { hour: "2-digit", minute: "2-digit" };
const MANNERS = {
  day: DAY,
  clock: { ...CLOCK, timeZoneName: "short" },
  short: { ...DAY, ...CLOCK },
  full: { ...DAY, ...CLOCK, second: "2-digit", timeZoneName: "short" },
  ago: null,
};
const timeZone = document.documentElement.dataset.zone; // chosen by the reader

function dress() {
  const thisYear = new Date().getFullYear();
  for (const spot of document.querySelectorAll("time[data-when]")) {
    const moment = new Date(spot.dateTime);
    const exactly = moment.toLocaleString(undefined, { ...MANNERS.full, timeZone });
    const known = spot.dataset.when === "short" && moment.getFullYear() === thisYear;
    const manner = MANNERS[spot.dataset.when];
    const year = known ? undefined : manner?.year;
    if (manner) spot.textContent = moment.toLocaleString(undefined, { ...manner, year, timeZone });
    spot.title = exactly;
  }
}

dress();
document.addEventListener("htmx:after:swap", dress);
