/** The Accept header (RFC 9110, 12.5.1): which representation a client takes. */

/**
 * The first of the offered media types that the client likes best, null when it takes none of them. Ranges that
 * cannot be read are ignored; without any that can, everything is taken.
 * @param offered in our order of preference, lower case, without parameters
 */
export function preferredType<Type extends string>(
  header: string | undefined,
  offered: readonly Type[],
): Type | null {
  const [first] = offered;
  if (header === undefined || header === '*/*') return first ?? null;
  const ranges = readRanges(header);
  if (ranges.length === 0) return first ?? null;
  let best: Type | null = null;
  let bestQuality = 0;
  for (const type of offered) {
    const quality = qualityOf(type, ranges);
    if (quality > bestQuality) [best, bestQuality] = [type, quality];
  }
  return best;
}

interface Range {
  readonly type: string;
  readonly quality: number;
}

const RANGE = /^\s*([\w!#$&^.+*-]+\/[\w!#$&^.+*-]+)\s*((?:;[^;]*)*)$/;

function readRanges(header: string): readonly Range[] {
  return header.split(',').flatMap((part) => {
    const match = RANGE.exec(part);
    if (match === null) return [];
    const weight = /;\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*(?:;|$)/i.exec(match[2] ?? '');
    return [{ type: (match[1] ?? '').toLowerCase(), quality: Number(weight?.[1] ?? 1) }];
  });
}

/** The most specific range decides (RFC 9110, 12.5.1). */
function qualityOf(type: string, ranges: readonly Range[]): number {
  const family = `${type.slice(0, type.indexOf('/'))}/*`;
  for (const name of [type, family, '*/*']) {
    const range = ranges.find((candidate) => candidate.type === name);
    if (range !== undefined) return range.quality;
  }
  return 0;
}

/** Whether a content coding is asked for (RFC 9110, 12.5.3). */
export function acceptsCoding(header: string | undefined, coding: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((part) => {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    return name === coding && !parameters.some((parameter) => /^q\s*=\s*0(?:\.0*)?$/.test(parameter));
  });
}
