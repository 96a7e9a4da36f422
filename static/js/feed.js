// Tells every open tab when jobs may be different: `jobs` events on the document, with their ids.
// One tab of a browser holds the stream and tells the others, because a host is allowed few
// connections; while there is none, each tab asks by itself.
const { feed, feedName } = document.body.dataset;
const POLL = 4000; // ms, without a stream
const ANYWAY = 30000; // ms, with one, should a signal be lost on its way
const tabs = feed && "BroadcastChannel" in window ? new BroadcastChannel(`feed ${feedName}`) : null;
let streaming = false;
let leading = null;
let asked = 0;

if (feed) {
  tabs?.addEventListener("message", ({ data }) => {
    if (data === "who leads?") return leading && tabs.postMessage({ streaming });
    take(data);
  });
  if (navigator.locks) navigator.locks.request(`feed ${feedName}`, () => new Promise(lead));
  else lead(); // no secure address, so no locks: a stream of its own
  tabs?.postMessage("who leads?");
  setInterval(() => Date.now() - asked >= (streaming ? ANYWAY : POLL) && tell([]), 1000);
  document.addEventListener("visibilitychange", () => document.hidden || tell([]));
  tell([]);
}

function lead() {
  leading = new EventSource(feed);
  leading.addEventListener("open", () => share({ streaming: true }));
  leading.addEventListener("jobs", ({ data }) => share({ streaming: true, ...JSON.parse(data) }));
  leading.addEventListener("error", () => share({ streaming: false }));
}

function share(said) {
  tabs?.postMessage(said);
  take(said);
}

function take(said) {
  streaming = said.streaming;
  if (said.jobs) tell(said.jobs);
}

// No ids: anything may be different.
function tell(jobs) {
  asked = Date.now();
  document.dispatchEvent(new CustomEvent("jobs", { detail: { jobs } }));
}
