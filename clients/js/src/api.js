/** What every resource asks with: requests of the native API, and lists page by page. */
import { BadSettings } from "./errors.js";
import { open, send, sleep, told, tried } from "./exchange.js";
import { version } from "./version.js";

const PAGE = 100;
// In a page the name of the browser is told, and a name of ours would be one header too many.
const NAME = globalThis.process?.versions ? { "User-Agent": `kling-saas-js/${version}` } : {};

/** A client's settings, and how requests are made of them. */
export class Api {
  #settings;

  constructor(settings) {
    this.#settings = settings;
  }

  get maxRetries() {
    return this.#settings.maxRetries;
  }

  /** The same with other settings. */
  with(changed) {
    return new Api({ ...this.#settings, ...changed });
  }

  /**
   * One request below /api/v1 with the key. `once` is its Idempotency-Key. Unless `repeatable` says
   * otherwise, a POST is so only with such a key.
   */
  request(method, path, { body, query, once, repeatable, headers } = {}) {
    const { baseUrl, apiKey, timeout } = this.#settings;
    const sent = { Authorization: `Bearer ${apiKey}`, ...NAME, ...headers };
    if (body !== undefined) sent["Content-Type"] = "application/json";
    if (once !== undefined) sent["Idempotency-Key"] = checked(once);
    return {
      method,
      url: `${baseUrl}/api/v1${path}${search(query)}`,
      headers: sent,
      content: body === undefined ? undefined : JSON.stringify(body),
      repeatable: repeatable ?? (method !== "POST" || once !== undefined),
      timeout,
      redirect: "manual",
    };
  }

  /** One to an address that proves itself, to which the key is never sent. */
  foreign(method, url, headers) {
    const { timeout } = this.#settings;
    return { method, url, headers, repeatable: true, timeout, redirect: "follow" };
  }

  /** The JSON that is answered. Throws APIError, ConnectionFailed, UnexpectedAnswer. */
  async call(method, path, more) {
    return this.told(await this.send(this.request(method, path, more)));
  }

  /** The JSON of an answer that must have some. Throws UnexpectedAnswer. */
  told(answer) {
    return told(this.#settings, answer);
  }

  /**
   * Its answer. `hold`: the first try may be held by the server for so many seconds; a later one,
   * after that was cut, is answered at once.
   */
  send(request, hold = 0) {
    if (!hold) return tried(this.#settings, send, request);
    const held = {
      ...request,
      timeout: request.timeout + hold * 1000,
      headers: { ...request.headers, Prefer: `wait=${hold}` },
    };
    return tried(this.#settings, send, held, request);
  }

  /** The head of its answer, whose content is then read; whoever opens it closes it. */
  open(request) {
    return tried(this.#settings, open, request);
  }

  /** Nothing, for so many milliseconds. */
  sleep(time) {
    return sleep(time, this.#settings.signal);
  }

  /** Every item of a list, asked for page by page as they are needed. */
  async *pages(path, { pageSize = PAGE, ...query } = {}, read = (item) => item) {
    const limit = Math.min(pageSize, PAGE);
    // A program that kept no last id yet, as a page's storage, has null: that is the beginning.
    let after = query.after;
    do {
      const page = await this.call("GET", path, { query: { ...query, after, limit } });
      for (const item of page.data) yield read(item);
      after = page.next;
    } while (after !== null);
  }
}

/** An id or a name as one piece of a path. */
export function segment(text) {
  return encodeURIComponent(text);
}

function search(query = {}) {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null) words.append(name, word(value));
  }
  return `${words}` && `?${words}`;
}

function word(value) {
  return value instanceof Date ? value.toISOString() : String(value);
}

function checked(key) {
  if (/^[\x20-\x7e]{1,255}$/.test(key)) return key;
  throw new BadSettings("an idempotencyKey has 1 to 255 printable ASCII characters");
}
