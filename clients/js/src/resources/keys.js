/** Keys of programs, and tokens for end users' browsers. */
import { segment } from "../api.js";
import { uniqueKey } from "../crypto.js";

/** /keys */
export class Keys {
  #api;

  constructor(api) {
    this.#api = api;
  }

  /**
   * A new one, with its `secret`. Terms: name, scopes, models, networks, caps, expires_at … Sent again
   * after a lost answer, it is the same key, with a new secret.
   */
  create(terms, { idempotencyKey } = {}) {
    return this.#post("", terms, idempotencyKey);
  }

  /** All of this mode, newest first, ended ones too. */
  list(filters = {}) {
    return this.#api.pages("/keys", filters);
  }

  /** One of them, with what its caps have left. */
  get(id) {
    return this.#api.call("GET", `/keys/${segment(id)}`);
  }

  /** Set what is given; null ends a limit. */
  change(id, terms) {
    return this.#api.call("PATCH", `/keys/${segment(id)}`, { body: terms });
  }

  /** A new `secret`; the one before works for `overlap` seconds longer, or a day. */
  rotate(id, { overlap, idempotencyKey } = {}) {
    return this.#post(`/${segment(id)}/rotate`, { overlap }, idempotencyKey);
  }

  /** End it now. */
  revoke(id) {
    return this.#api.call("DELETE", `/keys/${segment(id)}`);
  }

  async #post(path, body, key) {
    const once = key ?? (await uniqueKey());
    return this.#api.call("POST", `/keys${path}`, { body, once });
  }
}

/** /tokens. Making one is not sent again when its answer is lost: make another. */
export class Tokens {
  #api;

  constructor(api) {
    this.#api = api;
  }

  /** One that opens what this `end_user` of yours orders, and nothing else. */
  create(terms) {
    return this.#api.call("POST", "/tokens", { body: terms });
  }

  /** End it now. */
  async revoke(id) {
    await this.#api.send(this.#api.request("DELETE", `/tokens/${segment(id)}`));
  }
}
