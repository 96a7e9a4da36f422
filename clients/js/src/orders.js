/** What an order says; files of one's own are sent before it, and named in it by their ids. */
import { isFile, uploaded } from "./sending.js";

/** The JSON of an order. */
export async function body(api, order) {
  if (isFile(order)) return (await uploaded(api, order)).id;
  if (Array.isArray(order)) {
    const items = [];
    for (const item of order) items.push(await body(api, item));
    return items;
  }
  if (Object.prototype.toString.call(order) !== "[object Object]") return order;
  const found = {};
  for (const [name, value] of Object.entries(order)) found[name] = await body(api, value);
  return found;
}
