import { describeFailure, type Log } from '../../layers/telemetry/index.ts';

/** What Lambda calls. The state machine reads what it returns. */
export type Handler<Request, Result> = (
  event: Request,
  context?: { readonly awsRequestId?: string },
) => Promise<Result>;

/** Creates the handler of a step, which logs one line for each call. It throws what the step throws: the state machine decides. */
export function createHandler<Request extends object, Result extends object>(
  step: string,
  work: (request: Request) => Promise<Result>,
  log: Log,
): Handler<Request, Result> {
  return async (event, { awsRequestId: requestId } = {}) => {
    const started = performance.now();
    try {
      const result = await work(event);
      log.info(`${step} done`, { requestId, ms: Math.round(performance.now() - started), ...event, ...result });
      return result;
    } catch (error) {
      log.error(`${step} failed`, { requestId, ...event, error: describeFailure(error) });
      throw error;
    }
  };
}
