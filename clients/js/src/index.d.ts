/** The types of index.js. The API's own names stay as they are; what is the client's is in camelCase. */
import type {
  Audio, Delivery, DryRun, Eta, Event, Failure, Key, LedgerEntry, LibraryVideo, Model, OrderCredits,
  PriceBook, Quote, Resent, SigningSecret, Task, Token, Upload, Usage as Used, Video, Wallet as Credit, WebhookEndpoint,
} from "./answers.js";
import type { Problem } from "./errors.js";
import type { Film, FilmOrder, Media, Other, OtherOrder } from "./orders.js";

export * from "./answers.js";
export * from "./orders.js";

type Moment = Date | string;
type File = Exclude<Media, string>;
interface Paged {
  after?: string | null;
  pageSize?: number;
}
interface Once {
  idempotencyKey?: string;
}
interface Fetching {
  progress?: (bytes: number, whole: number) => void;
}
interface Waiting {
  /** Milliseconds. */
  timeout?: number;
  check?: boolean;
  tell?: (news: News) => void;
}

export interface Settings {
  apiKey?: string;
  baseUrl?: string;
  /** Milliseconds for one try. */
  timeout?: number;
  maxRetries?: number;
  fetch?: typeof globalThis.fetch;
  signal?: AbortSignal;
}

export class KlingSaaS {
  constructor(settings?: Settings);
  readonly quotes: Quotes;
  readonly generations: Generations;
  readonly models: Models;
  readonly tasks: Tasks;
  readonly prices: Prices;
  readonly uploads: Uploads;
  readonly videos: Videos;
  readonly wallet: Wallet;
  readonly ledger: Ledger;
  readonly usage: Usage;
  readonly keys: Keys;
  readonly tokens: Tokens;
  readonly webhooks: Webhooks;
  readonly events: Events;
  with(changed: Settings): KlingSaaS;
  call(
    method: string,
    path: string,
    asked?: Once & { body?: object; query?: Record<string, unknown> },
  ): Promise<any>;
}

/** One event of a generation's stream. `generation` is all of it, where it was told. */
export interface News {
  id: string;
  type: string;
  data: Record<string, unknown>;
  status: string;
  generation: Record<string, unknown> | null;
}

export class Generation {
  private constructor();
  readonly id: string;
  readonly livemode: boolean;
  readonly status: "queued" | "processing" | "succeeded" | "failed" | "cancelled";
  readonly model: string;
  readonly kind: string;
  readonly input: Record<string, unknown>;
  readonly credits: OrderCredits;
  readonly eta: Eta | null;
  readonly position: number | null;
  readonly attempts: number | null;
  readonly video: Video | null;
  readonly audio: Audio | null;
  readonly result: Record<string, unknown> | null;
  readonly error: Failure | null;
  readonly warnings: string[];
  readonly reference: string | null;
  readonly end_user: string | null;
  readonly metadata: Record<string, string>;
  readonly retention: { days: number } | null;
  readonly created_at: string;
  readonly finished_at: string | null;
  readonly deleted_at: string | null;
  readonly media_deleted_at: string | null;
  readonly media_trashed_at: string | null;
  get ended(): boolean;
  get succeeded(): boolean;
  refresh(): Promise<Generation>;
  wait(options?: Waiting): Promise<Generation>;
  cancel(): Promise<Generation>;
  delete(): Promise<Generation>;
  download(options?: Fetching): Promise<Blob>;
  stream(options?: Fetching): ReadableStream<Uint8Array>;
}

export interface Batch {
  livemode: boolean;
  all_or_nothing: boolean;
  accepted: number;
  refused: number;
  credits: number;
  data: (
    | { index: number; status: "accepted"; replayed: boolean; generation: Generation; problem?: undefined }
    | { index: number; status: "refused"; problem: Problem; generation?: undefined }
  )[];
}

declare class Generations {
  create(order: FilmOrder, options?: Once): Promise<Generation>;
  create(order: OtherOrder, options?: Once): Promise<Generation>;
  createAndWait(order: FilmOrder, options?: Waiting & Once): Promise<Generation>;
  createAndWait(order: OtherOrder, options?: Waiting & Once): Promise<Generation>;
  batch(
    orders: (FilmOrder | OtherOrder)[],
    terms?: { max_cost?: number; all_or_nothing?: boolean },
    options?: Once,
  ): Promise<Batch>;
  check(order: FilmOrder): Promise<DryRun>;
  check(order: OtherOrder): Promise<DryRun>;
  get(id: string): Promise<Generation>;
  list(
    filters?: Paged & {
      status?: string;
      model?: string;
      kind?: string;
      reference?: string;
      end_user?: string;
      from?: Moment;
      to?: Moment;
    },
  ): AsyncGenerator<Generation>;
  cancel(id: string): Promise<Generation>;
  delete(id: string): Promise<Generation>;
  events(id: string, options?: { after?: string }): AsyncGenerator<News>;
  download(id: string, options?: Fetching): Promise<Blob>;
  stream(id: string, options?: Fetching): ReadableStream<Uint8Array>;
}

declare class Quotes {
  create(film: Film): Promise<Quote>;
  create(other: Other): Promise<Quote>;
  get(id: string): Promise<Quote>;
}

declare class Models {
  list(): Promise<Model[]>;
  get(name: string): Promise<Model>;
}

declare class Tasks {
  list(): Promise<Task[]>;
  get(name: string): Promise<Task>;
}

declare class Prices {
  get(): Promise<PriceBook>;
}

declare class Uploads {
  create(file: File, options?: { contentType?: string; presigned?: boolean }): Promise<Upload>;
  list(filters?: Paged): AsyncGenerator<Upload>;
  get(id: string): Promise<Upload>;
  delete(id: string): Promise<void>;
}

declare class Videos {
  /** Any other fact that the API filters by, such as `model`, is a filter too. */
  list(
    filters?: Paged & {
      q?: string;
      favourite?: boolean;
      trashed?: boolean;
      collection?: string;
      reference?: string;
      metadata?: Record<string, string>;
      from?: Moment;
      to?: Moment;
      [fact: string]: unknown;
    },
  ): AsyncGenerator<LibraryVideo>;
  get(id: string): Promise<LibraryVideo>;
  label(
    id: string,
    labels: { title?: string; tags?: string[]; favourite?: boolean },
  ): Promise<LibraryVideo>;
  favourite(id: string, favourite?: boolean): Promise<LibraryVideo>;
  trash(id: string): Promise<LibraryVideo>;
  restore(id: string): Promise<LibraryVideo>;
  destroy(id: string): Promise<LibraryVideo>;
}

declare class Wallet {
  get(): Promise<Credit>;
}

export interface LedgerFilters {
  from?: Moment;
  to?: Moment;
  type?: string;
  generation?: string;
  lot?: string;
  reference?: string;
}

declare class Ledger {
  list(filters?: Paged & LedgerFilters): AsyncGenerator<LedgerEntry>;
}

declare class Usage {
  get(asked?: { period?: string; group_by?: string }): Promise<Used>;
}

export interface KeyTerms {
  name?: string;
  scopes?: string[];
  models?: string[];
  networks?: string[];
  caps?: Record<string, number | null>;
  requests_per_minute?: number | null;
  raw_video?: boolean;
  expires_at?: Moment | null;
}

declare class Keys {
  create(terms: KeyTerms & { name: string }, options?: Once): Promise<Key>;
  list(filters?: Paged): AsyncGenerator<Key>;
  get(id: string): Promise<Key>;
  change(id: string, terms: KeyTerms): Promise<Key>;
  rotate(id: string, options?: Once & { overlap?: number }): Promise<Key>;
  revoke(id: string): Promise<Key>;
}

declare class Tokens {
  create(terms: {
    end_user: string;
    expires_in?: number;
    scopes?: string[];
    models?: string[];
    caps?: Record<string, number | null>;
  }): Promise<Token>;
  revoke(id: string): Promise<void>;
}

export interface EndpointTerms {
  url?: string;
  events?: string[];
  description?: string;
}

declare class Webhooks {
  create(terms: EndpointTerms & { url: string }, options?: Once): Promise<WebhookEndpoint>;
  list(filters?: Paged): AsyncGenerator<WebhookEndpoint>;
  get(id: string): Promise<WebhookEndpoint>;
  change(id: string, terms: EndpointTerms & { enabled?: boolean }): Promise<WebhookEndpoint>;
  delete(id: string): Promise<void>;
  rotateSecret(id: string, options?: Once & { overlap?: number }): Promise<WebhookEndpoint>;
  signingSecret(): Promise<SigningSecret>;
  rotateSigningSecret(options?: Once & { overlap?: number }): Promise<SigningSecret>;
  test(id: string, options?: Once): Promise<Delivery>;
  deliveries(id: string, filters?: Paged & { status?: string; event?: string }): AsyncGenerator<Delivery>;
  delivery(id: string, deliveryId: string): Promise<Delivery>;
  resend(id: string, asked: { since: Moment; what?: "failed" | "all" }): Promise<Resent>;
  resendDelivery(id: string, deliveryId: string): Promise<Delivery>;
}

interface FeedFilters {
  after?: string | null;
  type?: string;
  since?: Moment;
}

declare class Events {
  list(filters?: FeedFilters & Paged): AsyncGenerator<Event>;
  follow(filters?: FeedFilters): AsyncGenerator<Event>;
  get(id: string): Promise<Event>;
}

export const version: string;

/** `tolerance` is in seconds. */
export function verifyWebhook(
  body: string | ArrayBuffer | ArrayBufferView,
  headers: Headers | Record<string, string | string[] | undefined>,
  secret: string | string[],
  options?: { tolerance?: number },
): Promise<Event>;

export * from "./errors.js";
