/** The client, and its settings. */
import { Api } from "./api.js";
import { BadSettings } from "./errors.js";
import { Generations } from "./generations.js";
import { Models, Prices, Tasks } from "./resources/catalogue.js";
import { Keys, Tokens } from "./resources/keys.js";
import { Videos } from "./resources/library.js";
import { Ledger, Usage, Wallet } from "./resources/money.js";
import { Quotes } from "./resources/quotes.js";
import { Events, Webhooks } from "./resources/telling.js";
import { Uploads } from "./resources/uploads.js";

const TIMEOUT = 60_000; // milliseconds for one try
const RETRIES = 4;
const NO_CONTENT = 204;

/**
 * A client of one site with one key. It opens nothing that must be closed.
 *
 * `apiKey` and `baseUrl`, the site's address, are KLING_SAAS_API_KEY and KLING_SAAS_BASE_URL of the
 * environment where there is one and they are not given. In pages the key is an end user's token.
 * `timeout` is of one try, in milliseconds. `fetch` is one of your own, for proxies and the like.
 * Once `signal` is aborted, whatever is under way ends with its reason.
 */
export class KlingSaaS {
  #settings;
  #api;

  constructor({ apiKey, baseUrl, timeout = TIMEOUT, maxRetries = RETRIES, fetch, signal } = {}) {
    this.#settings = { apiKey: key(apiKey), baseUrl: address(baseUrl), timeout, maxRetries, fetch, signal };
    const api = new Api({
      ...this.#settings,
      // Browsers' own is a method of the window, and of nothing else.
      fetch: fetch ?? ((url, asked) => globalThis.fetch(url, asked)),
    });
    this.#api = api;
    this.quotes = new Quotes(api);
    this.generations = new Generations(api);
    this.models = new Models(api);
    this.tasks = new Tasks(api);
    this.prices = new Prices(api);
    this.uploads = new Uploads(api);
    this.videos = new Videos(api);
    this.wallet = new Wallet(api);
    this.ledger = new Ledger(api);
    this.usage = new Usage(api);
    this.keys = new Keys(api);
    this.tokens = new Tokens(api);
    this.webhooks = new Webhooks(api);
    this.events = new Events(api);
  }

  /** The same client with another `timeout`, `maxRetries` or `signal`, as for a single call. */
  with(changed) {
    return new KlingSaaS({ ...this.#settings, ...changed });
  }

  /** The JSON that any address below /api/v1 answers, such as `/collections`; null for 204. */
  async call(method, path, { body, query, idempotencyKey } = {}) {
    const request = this.#api.request(method, path, { body, query, once: idempotencyKey });
    const answer = await this.#api.send(request);
    return answer.status === NO_CONTENT ? null : this.#api.told(answer);
  }
}

function key(given) {
  const found = (given || variable("KLING_SAAS_API_KEY") || "").trim();
  if (!/^[!-~]+$/.test(found)) {
    throw new BadSettings("give a key as apiKey, or as KLING_SAAS_API_KEY: ksk_live_… or …_test_…");
  }
  if (found.startsWith("ksk_") && globalThis.window?.document) {
    throw new BadSettings("whoever opens this page could take its key: give it an end user's token, kut_…");
  }
  return found;
}

function address(given) {
  const found = (given || variable("KLING_SAAS_BASE_URL") || "").trim();
  if (!/^https?:\/\/[^/]/.test(found)) {
    throw new BadSettings("give the site's address as baseUrl, or as KLING_SAAS_BASE_URL: https://…");
  }
  return found.replace(/\/+$/, "").replace(/\/api\/v1$/, "");
}

function variable(name) {
  return globalThis.process?.env?.[name];
}
