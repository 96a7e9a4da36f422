// Films that play while they are seen, previews on hover or focus, and a player for keys.
const still =
  document.documentElement.dataset.motion ||
  matchMedia("(prefers-reduced-motion: reduce)").matches ||
  navigator.connection?.saveData;

const seen = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) target.play().catch(() => {});
    else target.pause();
  }
}, { threshold: 0.35 });

for (const video of document.querySelectorAll("video[data-ambient]")) {
  video.muted = true;
  if (still) video.controls = !video.closest("a, [aria-hidden]");
  else seen.observe(video);
}

if (!still) {
  let waiting = 0;
  const start = (event) => {
    const link = event.target.closest?.("a[data-preview]");
    if (!link || link.querySelector("video")) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      for (const other of document.querySelectorAll("a[data-preview] video")) other.remove();
      const video = Object.assign(document.createElement("video"), {
        src: link.dataset.preview, muted: true, loop: true, playsInline: true,
      });
      link.querySelector(".pane").append(video);
      video.play().catch(() => video.remove());
    }, 250);
  };
  const stop = (event) => {
    const link = event.target.closest?.("a[data-preview]");
    if (!link || link.contains(event.relatedTarget)) return;
    clearTimeout(waiting);
    link.querySelector("video")?.remove();
  };
  document.addEventListener("pointerover", start);
  document.addEventListener("focusin", start);
  document.addEventListener("pointerout", stop);
  document.addEventListener("focusout", stop);
}

// Frame steps and speed, only while nothing is being typed into.
document.addEventListener("keydown", (event) => {
  const video = document.querySelector("video[data-film]");
  if (document.documentElement.dataset.shortcutsOff?.split(" ").includes("player")) return;
  if (!video || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, button, a, summary, video")) return;
  const act = {
    " ": () => (video.paused ? video.play() : video.pause()),
    ",": () => step(video, -1),
    ".": () => step(video, 1),
    m: () => (video.muted = !video.muted),
  }[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

function step(video, frames) {
  video.pause();
  video.currentTime += frames / 24;
}
