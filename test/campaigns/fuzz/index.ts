// `npm run fuzz`: random requests and texts, whose answers and ids are checked.
import type { Campaign } from '../campaign.ts';
import { handler } from './handler.ts';

export const campaign: Campaign = {
  name: 'fuzz',
  summary: 'Asks the service at random, and compares the tokenizers with their reference on random texts.',
  parts: [handler],
};
