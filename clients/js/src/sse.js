/** Server-sent events read from bytes as they come, whatever the pieces. */

/** Fed with bytes, gives whole messages; comments, which keep a stream alive, give none. */
export class Parser {
  #decoder = new TextDecoder();
  #rest = "";

  /** The messages that are whole now. */
  *feed(piece) {
    const text = this.#rest + this.#decoder.decode(piece, { stream: true });
    const blocks = text.replaceAll("\r\n", "\n").split("\n\n");
    this.#rest = blocks.pop();
    for (const block of blocks) {
      const message = read(block);
      if (message.data) yield message;
    }
  }
}

function read(block) {
  const message = { id: "", type: "message", data: "" };
  const data = [];
  for (const line of block.split("\n")) {
    const [, name, value] = /^([^:]*):? ?([^]*)$/.exec(line);
    if (name === "id") message.id = value;
    if (name === "event") message.type = value;
    if (name === "data") data.push(value);
  }
  return { ...message, data: data.join("\n") };
}
