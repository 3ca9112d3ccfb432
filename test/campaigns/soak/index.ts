// `npm run soak`: load for a long time, with switches of the version and killed workers. Answers stay right, and memory,
// descriptors and latency stay where they are.
import type { Campaign } from '../campaign.ts';
import { handler } from './handler.ts';
import { socket } from './socket.ts';

export const campaign: Campaign = {
  name: 'soak',
  summary: 'Asks the server and the handler for a long time, while versions switch and workers are killed.',
  parts: [socket, handler],
};
