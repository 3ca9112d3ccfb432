// `npm run fuzz`: random requests and texts, whose answers and ids are checked.
import type { Campaign } from '../campaign.ts';
import { files } from './files.ts';
import { handler } from './handler.ts';
import { socket } from './socket.ts';
import { createTokenizerPart } from './tokenizers.ts';

const kinds = ['uncased', 'cased', 'emoji'] as const;

export const campaign: Campaign = {
  name: 'fuzz',
  summary: 'Asks the service at random, and compares its tokenizers and readers of files with those of training.',
  parts: [handler, socket, files, ...kinds.map(createTokenizerPart)],
};
