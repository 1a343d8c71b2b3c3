/** Reading Server-Sent Events (WHATWG HTML, 9.2.6). */

/** One block of the stream, which an empty line ends. */
export interface Message {
  /** the last id that was given, in this block or an earlier one; null before the first */
  readonly id: string | null;
  /** `message` unless the block says otherwise */
  readonly event: string;
  /** null: a block without data, which dispatches nothing, but shows that the server is there */
  readonly data: string | null;
}

/**
 * The blocks of a stream as they are completed; one that the stream's end cuts off is dropped.
 * @param chunks the stream's bytes, cut anywhere
 */
export async function* readMessages(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Message> {
  let id: string | null = null;
  let event = '';
  let data: string[] = [];
  for await (const line of linesOf(chunks)) {
    if (line === '') {
      yield { id, event: event === '' ? 'message' : event, data: data.length === 0 ? null : data.join('\n') };
      [event, data] = ['', []];
      continue;
    }
    const [field, value] = fieldOf(line);
    if (field === 'data') data.push(value);
    else if (field === 'event') event = value;
    else if (field === 'id' && !value.includes('\0')) id = value;
  }
}

/** Name and value; a comment has the empty name. */
function fieldOf(line: string): readonly [string, string] {
  const colon = line.indexOf(':');
  if (colon === -1) return [line, ''];
  const from = line[colon + 1] === ' ' ? colon + 2 : colon + 1;
  return [line.slice(0, colon), line.slice(from)];
}

/** Lines end with CRLF, LF or CR; the last one, without an end, is none. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  let endedWithCr = false;
  for await (const chunk of chunks) {
    let text = decoder.decode(chunk, { stream: true });
    if (text === '') continue;
    if (endedWithCr && text.startsWith('\n')) text = text.slice(1);
    endedWithCr = text.endsWith('\r');
    const lines = text.split(/\r\n|\n|\r/);
    lines[0] = rest + (lines[0] ?? '');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
