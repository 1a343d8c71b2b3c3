/**
 * Cells of CSV (RFC 4180) that spreadsheets open as what they are. What one would take for a formula, or for a number other
 * than the one that stands there, is kept as text by an apostrophe in front; a text that begins with an apostrophe gets
 * another one. So whoever takes one apostrophe away from each cell that begins with one has every text as it was.
 */

/**
 * What begins a formula (OWASP, CSV Injection): = + - @ and their other widths, also behind white space, quotes and what
 * nobody sees, which some programs pass over; and what some of them pass over to look into the next line.
 */
const FORMULA =
  /^[\t\r\n\0]|^[\s\p{C}\p{Z}"']*[=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212]/u;

/** What is taken for a number. */
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** Spreadsheets calculate with so many digits, and so far from 1. */
const MOST_DIGITS = 15;
const LEAST = 1e-307;
const MOST = 1e308;

/** What must stand in quotes, and what other readers of CSV would make something of. */
const UNUSUAL = /[",;\p{Cc}]|^\s|\s$/u;

const ROW_END = '\r\n';

/** The texts of a row as its line, with its end. */
export function csvRow(texts: readonly string[]): string {
  const row = texts.map(csvCell).join(',');
  // a row of one empty cell must not look like no row
  return `${row === '' ? '""' : row}${ROW_END}`;
}

function csvCell(text: string): string {
  const safe = needsApostrophe(text) ? `'${text}` : text;
  return UNUSUAL.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function needsApostrophe(text: string): boolean {
  if (text.startsWith("'")) return true;
  return NUMBER.test(text) ? !isExact(text) : FORMULA.test(text);
}

/** Whether a spreadsheet makes of a number's text this very number, and shows nothing else. */
function isExact(text: string): boolean {
  const number = Number(text);
  const size = Math.abs(number);
  const [mantissa = ''] = text.split('e');
  const digits = mantissa.replace(/[-.]/g, '').replace(/^0+/, '');
  const isCanonical = String(number) === text;
  return isCanonical && digits.length <= MOST_DIGITS && (size === 0 || (size >= LEAST && size < MOST));
}
