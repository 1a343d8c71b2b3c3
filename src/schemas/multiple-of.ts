/** Division of decimal numbers, exactly: the numbers that JSON texts denote, not their binary neighbours. */

/** digits × 10^exponent */
interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

/** @returns whether a number is `divisor` times an integer; `divisor` is greater than 0 */
export function decimalMultipleOf(divisor: number): (value: number) => boolean {
  const step = decimalOf(divisor);
  return (value) => {
    if (Number.isSafeInteger(value) && Number.isSafeInteger(divisor)) return value % divisor === 0;
    const { digits, exponent } = decimalOf(value);
    const common = Math.min(exponent, step.exponent);
    return scaled(digits, exponent - common) % scaled(step.digits, step.exponent - common) === 0n;
  };
}

function scaled(digits: bigint, zeros: number): bigint {
  return digits * 10n ** BigInt(zeros);
}

/** The shortest decimal that denotes the number, which is its canonical form. */
function decimalOf(value: number): Decimal {
  const [mantissa = '0', exponent = '0'] = String(value).split('e');
  const [whole = '0', fraction = ''] = mantissa.split('.');
  return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length };
}
