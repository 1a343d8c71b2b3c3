/** Standard output holds results only, so that commands can be piped. */

/** A line of result. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A line for the person at the terminal, which is no result. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/**
 * A text out of a file or an answer, made safe to show: control and format characters and line ends stand as
 * `\u{…}`, so that nobody writes commands to the terminal, or a line of result, into a file that we are to judge.
 */
export function shown(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`,
  );
}
