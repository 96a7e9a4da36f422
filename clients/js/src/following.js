/** How a generation is followed to its end, whatever becomes of the connection meanwhile. */
import { segment } from "./api.js";
import { ConnectionFailed, RateLimited, ServerError, TimedOut } from "./errors.js";
import { LONGEST_PAUSE, pause } from "./exchange.js";
import { Lost } from "./line.js";
import { Parser } from "./sse.js";

/** The statuses in which a generation stays. */
export const ENDED = new Set(["succeeded", "failed", "cancelled"]);
const SILENCE = 45_000; // milliseconds; a stream that lives says something every 15 seconds
const SHORTEST = 50; // where the time of a wait is over, a stream is left to the next wait
const LAST_LOOK = 1000; // and one look is still taken
const PASSING = [ConnectionFailed, ServerError, RateLimited];

/** How far a stream was read; `whole` is the generation once its end was told. */
class Seen {
  count = 0;
  over = false;
  whole = null;

  constructor(last = "") {
    this.last = last;
  }

  note(news) {
    this.last = news.id || this.last;
    this.count += 1;
    if (ENDED.has(news.status)) {
      this.over = true;
      this.whole = ENDED.has(news.generation?.status) ? news.generation : null;
    }
  }
}

/**
 * What one connection tells after what was seen. Throws ConnectionFailed where it breaks.
 *
 * It is over before `until`, of performance.now(): one that begins with so much time left is read no
 * further after half of it, and waits for each piece for the other half at most.
 */
async function* stream(api, id, seen, until = Infinity) {
  const half = Math.max(SHORTEST, (until - performance.now()) / 2);
  const headers = { Accept: "text/event-stream", ...(seen.last && { "Last-Event-ID": seen.last }) };
  const request = api.request("GET", `/generations/${segment(id)}/events`, { headers });
  const line = await api.open({ ...request, timeout: Math.min(SILENCE, half) });
  try {
    seen.over = line.status === 204; // all was told
    const parser = new Parser();
    while (!seen.over) {
      const piece = await line.read();
      if (!piece) throw new ConnectionFailed(`the events of ${id} ended before it did`);
      for (const message of parser.feed(piece)) {
        const news = read(message);
        seen.note(news);
        yield news;
      }
      if (until - performance.now() < half) break;
    }
  } catch (error) {
    throw error instanceof Lost ? brokenOff(id, error) : error;
  } finally {
    line.close();
  }
}

function read({ id, type, data }) {
  const told = JSON.parse(data);
  return { id, type, data: told, status: told.status ?? "", generation: told.generation ?? null };
}

function brokenOff(id, lost) {
  const Kind = lost.timedOut ? TimedOut : ConnectionFailed;
  return new Kind(`the events of ${id}: ${lost.message}`);
}

/**
 * Every event after `last` to the end, over as many connections as it takes. Throws APIError, and
 * ConnectionFailed once as many in a row as are retried have told nothing.
 */
export async function* follow(api, id, last = "") {
  const seen = new Seen(last);
  for (let failures = 0; !seen.over; ) {
    const before = seen.count;
    try {
      yield* stream(api, id, seen);
    } catch (error) {
      if (!(error instanceof ConnectionFailed)) throw error;
      failures = seen.count > before ? 1 : failures + 1;
      if (failures > api.maxRetries) throw error;
    }
    if (!seen.over) await api.sleep(pause(Math.max(1, failures)));
  }
}

/**
 * The generation when it has ended, or as it stands at `until`; null if nobody said.
 *
 * A broken connection and a server that is away do not end the wait, nor does a proxy that lets no
 * events through: after every stream it is asked for, ever more slowly while streams end as soon as
 * they began, and not before a server that is busy asks for it. It is over a second after `until` at
 * the latest. Throws what no wait will change.
 */
export async function ended(client, id, until, tell) {
  const api = client.with({ maxRetries: 0 });
  const seen = new Seen();
  let whole = null;
  for (let failures = 0; ; ) {
    const [began, before] = [performance.now(), seen.last];
    let asked = await passing(async () => {
      for await (const news of stream(api, id, seen, until)) tell?.(news);
    });
    const held = seen.last !== before || performance.now() - began > LONGEST_PAUSE;
    failures = held ? 0 : failures + 1;
    if (!asked) {
      asked = await passing(async () => {
        whole = seen.whole ?? (await look(api, id, until));
      });
    }
    if (whole !== null && ENDED.has(whole.status)) return whole;
    const left = until - performance.now();
    if (left <= 0) return whole;
    await api.sleep(Math.min(left, Math.max(asked, pause(Math.max(1, failures)))));
    if (asked >= left) return whole;
  }
}

async function look(api, id, until) {
  const request = api.request("GET", `/generations/${segment(id)}`);
  const left = Math.max(LAST_LOOK, until - performance.now());
  return api.told(await api.send({ ...request, timeout: Math.min(request.timeout, left) }));
}

/**
 * Does it; what passes by itself ends it, and nothing more. The milliseconds that the server asked to
 * be left alone for.
 */
async function passing(act) {
  try {
    await act();
    return 0;
  } catch (error) {
    if (!PASSING.some((kind) => error instanceof kind)) throw error;
    return 1000 * (error.retryAfter ?? 0);
  }
}
