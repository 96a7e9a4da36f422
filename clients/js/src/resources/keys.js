/** Keys of programs, and tokens for end users' browsers. */
import { segment } from "../api.js";

/** /keys. Making one is not sent again when its answer is lost: look at the list. */
export class Keys {
  #api;

  constructor(api) {
    this.#api = api;
  }

  /** A new one, with its `secret`. Terms: name, scopes, models, networks, caps, expires_at … */
  create(terms) {
    return this.#api.call("POST", "/keys", { body: terms });
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
  rotate(id, { overlap } = {}) {
    return this.#api.call("POST", `/keys/${segment(id)}/rotate`, { body: { overlap } });
  }

  /** End it now. */
  revoke(id) {
    return this.#api.call("DELETE", `/keys/${segment(id)}`);
  }
}

/** /tokens */
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
