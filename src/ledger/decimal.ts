/** Exact comparison of decimal literals: no binary number is involved. */

/** A number as `digits` × 10^`exponent`, without zeros at either end of the digits; zero is '' × 10^0. */
interface Decimal {
  readonly negative: boolean;
  readonly digits: string;
  readonly exponent: number;
}

/**
 * Whether two JSON number literals denote the same number. Time grows with their length alone, whatever
 * their exponents say.
 */
export function sameDecimal(a: string, b: string): boolean {
  const left = decimalOf(a);
  const right = decimalOf(b);
  return left.negative === right.negative && left.exponent === right.exponent && left.digits === right.digits;
}

const ZERO = 0x30;

function decimalOf(literal: string): Decimal {
  const negative = literal.startsWith('-');
  const mantissaEnd = exponentMark(literal) ?? literal.length;
  const point = literal.indexOf('.');
  const whole = literal.slice(negative ? 1 : 0, point === -1 ? mantissaEnd : point);
  const fraction = point === -1 ? '' : literal.slice(point + 1, mantissaEnd);
  const digits = whole + fraction;

  let first = 0;
  while (digits.charCodeAt(first) === ZERO) first++;
  if (first === digits.length) return { negative: false, digits: '', exponent: 0 };
  let last = digits.length;
  while (digits.charCodeAt(last - 1) === ZERO) last--;

  // An exponent too large for a number to hold exactly cannot be outweighed by a mantissa that fits in a
  // string, so its rounding changes no answer.
  const exponent = Number(literal.slice(mantissaEnd + 1)) - fraction.length + (digits.length - last);
  return { negative, digits: digits.slice(first, last), exponent };
}

function exponentMark(literal: string): number | null {
  const mark = literal.search(/e/i);
  return mark === -1 ? null : mark;
}
