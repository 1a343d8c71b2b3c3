/** Whether a client asks for CloudEvents: by `Accept`, where what is recorded is answered in its own form, too. */
import type { FastifyRequest } from 'fastify';
import { preferredType } from '../accept.js';
import { CLOUDEVENT_TYPE, CLOUDEVENTS_TYPE, JSON_TYPE } from '../documents.js';

/** What one event is answered in, and what many are. */
export const ONE_EVENT = [JSON_TYPE, CLOUDEVENT_TYPE] as const;
export const MANY_EVENTS = [JSON_TYPE, CLOUDEVENTS_TYPE] as const;

export function asksForCloudEvents(
  { headers }: FastifyRequest,
  answers: typeof ONE_EVENT | typeof MANY_EVENTS,
): boolean {
  return preferredType<string>(headers.accept, answers) !== JSON_TYPE;
}
