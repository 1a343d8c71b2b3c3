/** Answers that are not left to the route's serialiser: recorded bytes above all, which are spliced in, never written anew. */
import type { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { JSON_TYPE } from './documents.js';

export type Part = string | Buffer;

const COMMA = Buffer.from(',');

/** As JSON. */
export function sendSpliced(reply: FastifyReply, ...parts: readonly Part[]): FastifyReply {
  return sendSplicedAs(reply, JSON_TYPE, ...parts);
}

/** @param type a media type of text, without parameters */
export function sendSplicedAs(reply: FastifyReply, type: string, ...parts: readonly Part[]): FastifyReply {
  const bytes = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
  return reply.type(`${type}; charset=utf-8`).send(bytes);
}

/** The items of a JSON array, without its brackets. */
export function joined(items: readonly Buffer[]): Buffer {
  return Buffer.concat(items.flatMap((item, index) => (index === 0 ? [item] : [COMMA, item])));
}

/** For what has no schema that a type can be made of, or one that is written in another way. */
export function sendJson(reply: FastifyReply, value: unknown): FastifyReply {
  return sendSpliced(reply, JSON.stringify(value));
}

/** Read as fast as the client reads; destroyed when it leaves. */
export function sendStream(reply: FastifyReply, stream: Readable): FastifyReply {
  return reply.send(stream);
}
