/** GET /stats: how much there is, of what, and how fast it comes. */
import type { LedgerStats, NameRanking } from '../../read-model/port.js';
import { Type } from '../json-schema.js';
import type { App, Services } from '../services.js';
import { shared } from '../shared.js';
import { problems } from '../problem-shapes.js';
import { closed, count, named } from '../shape-parts.js';

const DESCRIPTION = `Of a second ago at most. The members from \`counted\` on are of the newest \`counted\` entries: all of them, but
for the first seconds after a start. The ledger's own sources count, too. \`most\` has the 20 with the most events, \`others\` the
events of all others. Rates are by recordedAt.`;

const events = count();
const verdicts = named('VerdictCounts', closed({ accepted: events, rejected: events, duplicate: events }));
const rate = named('Rate', closed({ events, perSecond: Type.Number({ minimum: 0 }) }));
const mostOf = (name: 'source' | 'type') =>
  closed({
    most: Type.Array(closed({ [name]: Type.String(), events, verdicts }), { maxItems: 20 }),
    others: events,
  });

const StatsShape = named(
  'Stats',
  closed({
    events,
    sources: events,
    verdicts,
    counted: events,
    bySource: mostOf('source'),
    byType: mostOf('type'),
    rates: closed({ minute: rate, hour: rate, day: rate }),
  }),
);

const FRESH_MS = 1_000;

export function statsRoute(app: App, { reader }: Services): void {
  const stats = shared(() => reader.stats(), FRESH_MS);
  app.route({
    method: 'GET',
    url: '/stats',
    config: { needs: 'survey' },
    schema: {
      tags: ['operations'],
      operationId: 'getStats',
      summary: 'How much there is, of what, and how fast it comes',
      description: DESCRIPTION,
      response: { ...problems(400), 200: StatsShape },
    },
    handler: async (_request, reply) => await reply.send(told(await stats())),
  });
}

function told({ events, sources, verdicts, tally }: LedgerStats) {
  const { counted, bySource, byType, recent } = tally;
  return {
    ...{ events, sources, verdicts, counted },
    bySource: rankingOf('source', bySource),
    byType: rankingOf('type', byType),
    rates: {
      minute: rateOf(recent.minute, 60),
      hour: rateOf(recent.hour, 3_600),
      day: rateOf(recent.day, 86_400),
    },
  };
}

function rankingOf(word: string, { most, others }: NameRanking) {
  return { most: most.map(({ name, ...counts }) => ({ [word]: name, ...counts })), others };
}

/** To three digits after the point. */
function rateOf(events: number, seconds: number) {
  return { events, perSecond: Math.round((events * 1_000) / seconds) / 1_000 };
}
