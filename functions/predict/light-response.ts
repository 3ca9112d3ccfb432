// Answers of text without the stream that `fetch` makes of each body. Hono makes every answer by the global class `Response`, and
// the stream takes most of its time, but the function reads only the text: docs/decisions/0092-lighter-responses-on-lambda.md.

/** A response as Hono describes it. */
interface TextAnswer {
  readonly text: string;
  readonly status: number;
  readonly headers: Headers;
}

/** Fields and methods that take a whole response. The others are of status and headers, or are those of every new response. */
const wholeFields = ['body', 'bodyUsed', 'arrayBuffer', 'blob', 'bytes', 'clone', 'formData', 'json', 'text'] as const;

/** Creates the class of responses that become whole ones when their body is asked for. */
function createClass(Whole: typeof Response) {
  class LightResponse {
    readonly status: number;
    readonly headers: Headers;
    readonly ok: boolean;
    readonly statusText = '';
    readonly redirected = false;
    readonly type = 'default';
    readonly url = '';
    readonly #text: string;
    #whole: Response | undefined;

    constructor({ text, status, headers }: TextAnswer) {
      this.#text = text;
      this.status = status;
      this.headers = headers;
      this.ok = status >= 200 && status < 300;
    }

    static complete(light: LightResponse): Response {
      light.#whole ??= new Whole(light.#text, { status: light.status, headers: light.headers });
      return light.#whole;
    }
  }
  for (const name of wholeFields) {
    const get = function (this: LightResponse) {
      const whole = LightResponse.complete(this);
      const value: unknown = Reflect.get(whole, name);
      return typeof value === 'function' ? value.bind(whole) : value;
    };
    Object.defineProperty(LightResponse.prototype, name, { get });
  }
  Object.setPrototypeOf(LightResponse.prototype, Whole.prototype);
  return LightResponse;
}

/** A `Response` whose instances with a text and ready headers are light. All others are as before, and so are its methods. */
export function createLightResponse(Whole: typeof Response): typeof Response {
  const LightResponse = createClass(Whole);
  return new Proxy(Whole, {
    construct: (_, [body, init]: ConstructorParameters<typeof Response>) => {
      const { status = 200, headers } = init ?? {};
      const isLight = typeof body === 'string' && headers instanceof Headers && headers.has('Content-Type');
      return isLight ? new LightResponse({ text: body, status, headers }) : new Whole(body, init);
    },
  });
}
