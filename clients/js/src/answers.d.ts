/**
 * What the API tells, in its own words. Moments are text as `2026-11-01T12:00:00Z`, credits whole; members
 * that are newer than this package are there too.
 */

/** One line of a price. */
export interface LineItem {
  sku: string;
  key: string;
  description: string;
  unit: string;
  quantity: number;
  unit_credits: number;
  credits: number;
}

/** What an order would cost and be, with everything filled in. */
export interface DryRun {
  livemode: boolean;
  credits: number;
  line_items: LineItem[];
  input: Record<string, unknown>;
  warnings: string[];
}

/** A price that binds until `expires_at`: order with `quote_id` and be charged exactly that. */
export interface Quote {
  id: string;
  livemode: boolean;
  credits: number;
  usd: string;
  line_items: LineItem[];
  expires_at: string;
  input?: Record<string, unknown>;
  warnings?: string[];
}

/** `held` while it is made, `charged` once it has ended. */
export interface OrderCredits {
  quoted: number;
  held: number;
  charged: number | null;
}

/** Seconds from the order to a playable film: of half of equal films, and of nine in ten. */
export interface Eta {
  p50_seconds: number;
  p90_seconds: number;
}

/** A film. Its links end at `expires_at`; fresh ones come with every answer. */
export interface Video {
  id: string;
  url: string;
  expires_at: string | null;
  kept_until: string | null;
  watermark_url: string | null;
  poster_url: string;
  preview_url: string | null;
  width: number;
  height: number;
  duration: number;
  has_sound: boolean;
  bytes: number;
  sha256: string;
}

/** A sound. */
export interface Audio {
  id: string;
  url: string;
  expires_at: string | null;
  kept_until: string | null;
  wav_url: string | null;
  content_type: string;
  duration: number;
  bytes: number;
  sha256: string;
}

/** Why it ended without what was ordered, and what came back. */
export interface Failure {
  code: string;
  message: string;
  retryable: boolean;
  refund: Record<string, unknown>;
}

/** A film of the library; its links are null once it is deleted. */
export interface LibraryVideo {
  id: string;
  livemode: boolean;
  generation: string;
  url: string | null;
  expires_at: string | null;
  poster_url: string | null;
  width: number;
  height: number;
  duration: number;
  bytes: number;
  sha256: string;
  model: string;
  kind: string;
  input: Record<string, unknown>;
  title: string | null;
  tags: string[];
  favourite: boolean;
  reference: string | null;
  metadata: Record<string, string>;
  created_at: string;
  trashed_at: string | null;
  deleted_at: string | null;
  preview_url: string | null;
  watermark_url: string | null;
  kept_until: string | null;
  has_sound: boolean;
  door: string;
  credits: { quoted: number; charged: number | null };
  collections: string[];
  shares: Record<string, unknown>[];
}

/** One row of the price list. */
export interface Price {
  sku: string;
  /** Of a task that several models make: which. */
  model?: string;
  mode?: string;
  /** The length of a clip. */
  seconds?: string;
  audio?: string;
  /** Whether it begins with a film: `none` or `video`. */
  input?: string;
  unit: string;
  credits: number;
  usd: string;
  description: string;
  plans: string[];
}

/** Every price in force. */
export interface PriceBook {
  version: number;
  data: Price[];
}

/** A model of films: what it can, what it costs, and the JSON Schema of its orders. */
export interface Model {
  name: string;
  title: string;
  description: string;
  discontinued: boolean;
  kinds: string[];
  modes: Record<string, unknown>[];
  durations: number[];
  aspect_ratios: string[];
  eta_seconds: Record<string, number>;
  plans: string[];
  prices: Price[];
  schema: Record<string, unknown>;
  capabilities: unknown;
}

/** A product beside films from words and pictures. */
export interface Task {
  name: string;
  title: string;
  description: string;
  models: string[];
  modes: string[];
  makes: string[];
  eta_seconds: number;
  plans: string[];
  prices: Price[];
  schema: Record<string, unknown>;
  at_once: boolean;
  result: Record<string, unknown> | null;
}

/** A file that orders name by its id. */
export interface Upload {
  id: string;
  livemode: boolean;
  content_type: string;
  bytes: number;
  sha256: string;
  created_at: string;
  width: number | null;
  height: number | null;
  duration: number | null;
}

/** Credits to spend, set aside for work under way, paid and not confirmed, and owed. */
export interface Wallet {
  available: number;
  reserved: number;
  pending: number;
  owed: number;
  livemode: boolean;
}

/** One change of the wallet; the amounts add up to `available`. */
export interface LedgerEntry {
  id: string;
  created_at: string;
  type: string;
  amount: number;
  balance_after: number;
  reserved_after: number;
  pending_after: number;
  generation: string | null;
  lot: string | null;
  reference: string;
  actor: string;
  reason: string;
}

/** What one day, model, key or member used. */
export interface Used {
  name: string;
  captured: number;
  reserved: number;
  films: number;
  day?: string;
  model?: string;
  key?: string | null;
  member?: string | null;
  end_user?: string | null;
}

/** What a month used. */
export interface UsedInAll {
  captured: number;
  reserved: number;
  films: number;
}

/** A month's credits, grouped and in all. */
export interface Usage {
  period: string;
  group_by: string;
  data: Used[];
  total: UsedInAll;
}

/** At most so many credits in a period, and what is left of them. */
export interface Cap {
  period: string;
  credits: number;
  spent: number;
  left: number;
  resets_on: string | null;
}

/** A key with its terms. `secret` is there only when it was just made or rotated. */
export interface Key {
  id: string;
  livemode: boolean;
  name: string;
  hint: string;
  ledger_name: string;
  scopes: string[];
  models: string[];
  networks: string[];
  requests_per_minute: number | null;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  revoked_at: string | null;
  previous_works_until: string | null;
  caps?: Cap[];
  secret?: string;
  raw_video?: boolean;
}

/** For one end user's browser; `token` is the secret itself. */
export interface Token {
  id: string;
  livemode: boolean;
  token: string;
  end_user: string;
  scopes: string[];
  models: string[];
  caps: Cap[];
  expires_at: string;
}

/** Where events are posted. `secret` is there only when it was just made or rotated. */
export interface WebhookEndpoint {
  id: string;
  livemode: boolean;
  url: string;
  events: string[];
  description: string;
  enabled: boolean;
  disabled_at: string | null;
  disabled_reason: string | null;
  failing_since: string | null;
  previous_secret_until: string | null;
  created_at: string;
  secret?: string;
}

/** What signs the posts to addresses that orders name. */
export interface SigningSecret {
  id: string;
  livemode: boolean;
  secret: string;
  previous_secret_until: string | null;
  created_at: string;
}

/** One event that is owed to an endpoint, and what has come of it; `log` has each attempt. */
export interface Delivery {
  id: string;
  livemode: boolean;
  endpoint: string;
  event: string;
  type: string;
  url: string;
  status: string;
  attempts: number;
  next_attempt_at: string | null;
  delivered_at: string | null;
  last_status: number | null;
  last_error: string | null;
  created_at: string;
  log?: Record<string, unknown>[];
}

/** How many deliveries are owed again, and from when on there are more. */
export interface Resent {
  endpoint: string;
  count: number;
  has_more: boolean;
  next_since: string | null;
}

/** Something that happened; `data` is what it is about: a whole generation, or facts. */
export interface Event {
  id: string;
  livemode: boolean;
  type: string;
  timestamp: string;
  data: Record<string, unknown>;
}
