/** Standard output holds results only, so that commands can be piped. */

/** A line of result. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A line for the person at the terminal, which is no result. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}
