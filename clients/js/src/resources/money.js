/** What an organisation has, and every entry that made it so. */

/** /wallet */
export class Wallet {
  #api;

  constructor(api) {
    this.#api = api;
  }

  /** The credits of the key's mode. */
  get() {
    return this.#api.call("GET", "/wallet");
  }
}

/** /ledger */
export class Ledger {
  #api;

  constructor(api) {
    this.#api = api;
  }

  /** Entries, newest first. `from` and `to` are days (2026-11-01) or moments, UTC. */
  list(filters = {}) {
    return this.#api.pages("/ledger", filters);
  }
}

/** /usage */
export class Usage {
  #api;

  constructor(api) {
    this.#api = api;
  }

  /** A month's credits (`2026-11`; without it this one's), by day unless `group_by` says else. */
  get({ period, group_by = "day" } = {}) {
    return this.#api.call("GET", "/usage", { query: { period, group_by } });
  }
}
