/** What is ordered. */

/** An address, the id of an upload, a data URI; or a file here, which is sent before the order. */
export type Media = string | Blob | ArrayBuffer | ArrayBufferView;

/** A film. Each model takes some of it: `client.models.get(name)` tells, in its `schema`. */
export interface Film {
  model?: string;
  prompt?: string;
  negative_prompt?: string;
  mode?: string;
  duration?: number;
  aspect_ratio?: string;
  cfg_scale?: number;
  sound?: boolean;
  image?: Media;
  image_tail?: Media;
  images?: Media[];
  video?: Media;
  audio?: Media;
  camera_control?: Record<string, unknown>;
  shot_type?: string;
  multi_prompt?: Record<string, unknown>[];
  voices?: string[];
  elements?: string[];
  static_mask?: Media;
  dynamic_masks?: Record<string, unknown>[];
  watermark?: boolean;
  seed?: number;
}

/** Another product, with the fields that `client.tasks.get(task)` tells in its `schema`. */
export interface Other {
  task: string;
  [field: string]: unknown;
}

/** What belongs to an order, whatever is ordered. */
export interface Terms {
  quote_id?: string;
  max_cost?: number;
  reference?: string;
  metadata?: Record<string, string>;
  end_user?: string;
  deadline?: number;
  webhook_url?: string;
  retention?: { days: number };
}

export type FilmOrder = Film & Terms;
export type OtherOrder = Other & Terms;
