// The part `handler`: events of API Gateway's HTTP API through the Lambda handler.
import fc from 'fast-check';
import { createEvent, lambdaContext } from '../../functions/predict/http-event.ts';
import type { Part } from '../campaign.ts';
import { checkCases } from './batches.ts';
import { createFuzzedService } from './service.ts';

const asked = fc.record({
  method: fc.constantFrom('GET', 'HEAD', 'POST'),
  path: fc.constantFrom('/predict', '/model', '/health', '/nowhere'),
  query: fc.string({ unit: 'binary' }).map((text) => `sentence=${encodeURIComponent(text.toWellFormed())}`),
});

export const handler: Part = {
  name: 'handler',
  unit: 'requests',
  short: 90_000,
  parallel: true,
  run: async (context) => {
    const service = await createFuzzedService(context.folder, context.dist);
    try {
      return await checkCases(
        {
          cases: asked,
          check: async (request, tally) => {
            const { statusCode, body } = await service.open(createEvent(request), lambdaContext);
            tally.count(String(statusCode));
            if (statusCode >= 500) throw new Error(`Status ${statusCode} with ${body}.`);
            return 1;
          },
        },
        context,
      );
    } finally {
      await service.release();
    }
  },
};
