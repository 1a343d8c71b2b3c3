/** What answers are held to. */
import { DescribedAnswers } from '../support/described-answers.js';
import { describeApi } from './document.js';

let described: Promise<DescribedAnswers> | undefined;

/** The same for all servers and processes of a test file: they have the same routes. */
export function describedAnswers(): Promise<DescribedAnswers> {
  return (described ??= describeApi('0.0.0').then((document) => new DescribedAnswers(document)));
}
