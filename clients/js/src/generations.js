/** Films and other orders: made, followed, waited for, fetched. */
import { segment } from "./api.js";
import { uniqueKey } from "./crypto.js";
import { pieces, readable, whole } from "./downloading.js";
import { DownloadFailed, GenerationFailed, StillUnderWay } from "./errors.js";
import { ENDED, ended, follow } from "./following.js";
import { body } from "./orders.js";

const WAIT = 3_600_000; // milliseconds
const HOLD = 120; // seconds a create may be held for its end

/** An order and what came of it, as it stood when it was told: the members that the API names. */
export class Generation {
  #api;

  constructor(api, told) {
    this.#api = api;
    // Defined and not assigned: a member that is newer than this package hides a method at worst.
    Object.defineProperties(this, Object.getOwnPropertyDescriptors(told));
  }

  /** It succeeded, failed or was cancelled, and stays so. */
  get ended() {
    return ENDED.has(this.status);
  }

  /** What was ordered is there. */
  get succeeded() {
    return this.status === "succeeded";
  }

  /** As it stands now, with fresh links. */
  refresh() {
    return get(this.#api, this.id);
  }

  /**
   * As it has ended. `tell` gets each event meanwhile. Throws StillUnderWay after `timeout`
   * milliseconds, and unless `check` is false GenerationFailed.
   */
  wait({ timeout = WAIT, check = true, tell } = {}) {
    return waited(this.#api, this, timeout, check, tell, performance.now() + timeout);
  }

  /** As Generations.cancel. */
  cancel() {
    return cancelled(this.#api, this.id);
  }

  /** As Generations.delete. */
  delete() {
    return deleted(this.#api, this.id);
  }

  /** As Generations.download. */
  download({ progress } = {}) {
    return whole(this.#api, () => source(this.#api, this.id), progress);
  }

  /** As Generations.stream. */
  stream({ progress } = {}) {
    return readable(pieces(this.#api, () => source(this.#api, this.id), progress));
  }
}

/** /generations */
export class Generations {
  #api;

  constructor(api) {
    this.#api = api;
  }

  /**
   * Order a film, or another product by its `task`. It is accepted, and its price held.
   *
   * Sent again as often as it takes, it is made and paid once. With your own `idempotencyKey` that
   * holds over calls and restarts too.
   */
  create(order, { idempotencyKey } = {}) {
    return created(this.#api, order, idempotencyKey, 0);
  }

  /** The same, and as it has ended. Throws what `create` and `Generation.wait` do. */
  async createAndWait(order, { timeout = WAIT, check = true, tell, idempotencyKey } = {}) {
    // What is to be told is in the stream, so with `tell` the answer is not held.
    const hold = tell ? 0 : Math.min(HOLD, Math.floor(timeout / 1000));
    const until = performance.now() + timeout;
    const made = await created(this.#api, order, idempotencyKey, hold);
    return waited(this.#api, made, timeout, check, tell, until);
  }

  /**
   * Many orders in one call, each with its own outcome in `data`: a `generation`, or a `problem`.
   * `terms` are `max_cost` and `all_or_nothing` for all of them.
   */
  async batch(orders, terms = {}, { idempotencyKey } = {}) {
    const once = idempotencyKey ?? (await uniqueKey());
    const asked = { ...terms, orders: await body(this.#api, orders) };
    const found = await this.#api.call("POST", "/generations/batch", { body: asked, once });
    const read = (each) =>
      each.generation ? { ...each, generation: new Generation(this.#api, each.generation) } : each;
    return { ...found, data: found.data.map(read) };
  }

  /** What an order would cost, and everything that is wrong with it; nothing is ordered. */
  async check(order) {
    const asked = { ...(await body(this.#api, order)), dry_run: true };
    return this.#api.call("POST", "/generations", { body: asked, repeatable: true });
  }

  /** One of them. */
  get(id) {
    return get(this.#api, id);
  }

  /** All, newest first, asked for page by page; or those that are what is given. */
  list(filters = {}) {
    return this.#api.pages("/generations", filters, (each) => new Generation(this.#api, each));
  }

  /** Stop it while it is queued; every credit comes back. Throws Conflict once it is made. */
  cancel(id) {
    return cancelled(this.#api, id);
  }

  /** Take it out of the lists, its film into the trash. Throws Conflict while it is made. */
  delete(id) {
    return deleted(this.#api, id);
  }

  /** Every change after the event `after`, as it happens, until it has ended. */
  events(id, { after = "" } = {}) {
    return follow(this.#api, id, after);
  }

  /**
   * The film, or the sound where there is no film, as a Blob that is proven by length and SHA-256.
   *
   * `progress` gets the bytes that came and those of the whole. Throws DownloadFailed, Conflict where
   * there is nothing to fetch, and Gone where it is kept no more.
   */
  download(id, { progress } = {}) {
    return whole(this.#api, () => source(this.#api, id), progress);
  }

  /** The same as a ReadableStream, for what is too large to hold; proven by its length alone. */
  stream(id, { progress } = {}) {
    return readable(pieces(this.#api, () => source(this.#api, id), progress));
  }
}

async function created(api, order, key, hold) {
  const once = key ?? (await uniqueKey());
  const request = api.request("POST", "/generations", { body: await body(api, order), once });
  return new Generation(api, api.told(await api.send(request, hold)));
}

async function get(api, id) {
  return new Generation(api, await api.call("GET", `/generations/${segment(id)}`));
}

async function cancelled(api, id) {
  const path = `/generations/${segment(id)}/cancel`;
  return new Generation(api, await api.call("POST", path, { repeatable: true }));
}

async function deleted(api, id) {
  return new Generation(api, await api.call("DELETE", `/generations/${segment(id)}`));
}

/** As it has ended; `until`, of performance.now(), is when the `timeout` of the whole is over. */
async function waited(api, made, timeout, check, tell, until) {
  let found = made;
  if (!made.ended) {
    const last = await ended(api, made.id, until, tell);
    found = last ? new Generation(api, last) : made;
    if (!found.ended) throw new StillUnderWay(found, timeout);
  }
  if (check && !found.succeeded) throw new GenerationFailed(found);
  return found;
}

async function source(api, id) {
  const found = await get(api, id);
  const made = found.video ?? found.audio;
  if (!made) {
    // The API says best why there is nothing.
    await api.send(api.request("GET", `/generations/${segment(id)}/content`));
    throw new DownloadFailed(`${id} has neither film nor sound`);
  }
  return { ...made, type: made.content_type ?? "video/mp4" };
}
