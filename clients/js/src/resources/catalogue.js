/** What can be ordered, and what it costs. */
import { segment } from "../api.js";

/** /models */
export class Models {
  #api;

  constructor(api) {
    this.#api = api;
  }

  /** Every model of films. */
  async list() {
    return (await this.#api.call("GET", "/models")).data;
  }

  /** One, by its name or an alias of it. */
  get(name) {
    return this.#api.call("GET", `/models/${segment(name)}`);
  }
}

/** /tasks */
export class Tasks {
  #api;

  constructor(api) {
    this.#api = api;
  }

  /** Every product beside films from words and pictures. */
  async list() {
    return (await this.#api.call("GET", "/tasks")).data;
  }

  /** One, by its name. */
  get(name) {
    return this.#api.call("GET", `/tasks/${segment(name)}`);
  }
}

/** /prices */
export class Prices {
  #api;

  constructor(api) {
    this.#api = api;
  }

  /** Every price in force, as the key's organisation pays it. */
  get() {
    return this.#api.call("GET", "/prices");
  }
}
