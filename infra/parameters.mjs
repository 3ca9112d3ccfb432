// Every parameter of a deployment: what it means, and which texts it accepts. The defaults are in infra/parameters.yml.
import { cron, list, matching, number, oneOf, oneOfNumbers, orOneOf, orWord, schedule, whole } from './checks.mjs';

const digest = '@sha256:[0-9a-f]{64}$';
const imageByDigest = matching(
  new RegExp(`^[^@\\s]+${digest}`),
  'an image by its digest, REPOSITORY@sha256:… (a tag can move under a running function)',
);
const ecrImageByDigest = matching(
  new RegExp(`^\\d{12}\\.dkr\\.ecr\\.[a-z0-9-]+\\.amazonaws\\.com(\\.cn)?/[a-z0-9._/-]+${digest}`),
  'an ECR image by its digest, ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME@sha256:…',
);
const folder = matching(
  /^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/,
  'names of letters, digits, dots, dashes and underscores, separated by single slashes',
);
const fileName = matching(/^[A-Za-z0-9._-]+$/, 'a file name of letters, digits, dots, dashes and underscores');
const origin = matching(
  /^(\*|https?:\/\/[^/\s,]+)$/,
  '* or origins such as https://app.example.com, separated by commas',
);
const zone = matching(/^[A-Za-z]+(?:[/_+-][A-Za-z0-9_+-]+)*$/, 'a zone such as Europe/Berlin');
const retentions = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/**
 * name → `says` (a sentence for the table), `check` (text → value, or an Error with the accepted values), and `instead`
 * (the value that replaces a refused text where there is no safe default).
 */
export const parameters = {
  image: {
    says: '`build`: build `Dockerfile.lambda` and push it (needs docker or podman); or an image by its digest, which works offline',
    check: orOneOf(['build'], imageByDigest),
  },
  imageBase: {
    says: 'base image for `image: build`, by its digest; `default`: by the tag in `Dockerfile.lambda`',
    check: orWord('default', imageByDigest),
  },
  architecture: {
    says: "the functions' processor. `arm64` needs an image made for it",
    check: oneOf('x86_64', 'arm64'),
  },
  memory: { says: 'MB of memory per environment; 1,769 MB come with one processor', check: whole(512, 10240) },
  timeout: { says: 'seconds for one request; the HTTP API gives up after 30', check: whole(5, 29) },
  scratch: { says: 'MB of `/tmp`: two versions of the model during a switch', check: whole(512, 10240) },
  reservedConcurrency: {
    says: 'most environments of predict at once, a cap on the bill; `off`: up to what the account allows',
    check: orWord('off', whole(1, 10000)),
  },
  provisionedConcurrency: {
    says: 'environments of predict that are always warm. **Billed by the hour**; `off`: none',
    check: orWord('off', whole(1, 10000)),
  },
  provisionedStart: {
    says: 'when they are started, `cron(…)`; `off`: they are always warm',
    check: orWord('off', cron),
  },
  provisionedStop: { says: 'when they are stopped, `cron(…)`', check: orWord('off', cron) },
  provisionedTimezone: { says: 'time zone of both', check: zone },
  snapStart: {
    says: '`on`: environments of predict begin as copies of one that has loaded its model ([cold-starts.md](cold-starts.md)). **Billed by the hour**',
    check: oneOf('off', 'on'),
  },
  authorizer: {
    says: 'who may call: `none` (everybody), `iam` (signed requests), `jwt` (tokens of `jwtIssuer` for `jwtAudience`), `key` (keys of `npm run key`)',
    check: oneOf('none', 'iam', 'jwt', 'key'),
    instead: 'iam',
  },
  jwtIssuer: {
    says: 'issuer of the tokens, `https://…`',
    check: orWord('off', matching(/^https:\/\/\S+$/, 'an address that starts with https://')),
  },
  jwtAudience: {
    says: 'audiences of the tokens, comma-separated',
    check: orWord('off', list(matching(/^\S+$/, 'audiences separated by commas'))),
  },
  cors: {
    says: "origins whose pages may call, comma-separated; `*`: all; `off`: only the service's own",
    check: orWord('off', list(origin)),
  },
  page: {
    says: '`on`: browsers get a page at `/` and the API reference at `/docs`; with `iam` they cannot sign what they send',
    check: oneOf('off', 'on'),
  },
  throttleRate: { says: 'requests per second, over all callers; more get 429', check: whole(1, 10000) },
  throttleBurst: { says: 'requests at one moment, over all callers', check: whole(1, 5000) },
  logRetention: { says: 'days that logs are kept', check: oneOfNumbers(...retentions) },
  logText: { says: '`on`: the logs carry the texts (for debugging; texts may be personal)', check: oneOf('off', 'on') },
  tracing: { says: '`on`: X-Ray traces of the functions', check: oneOf('off', 'on') },
  alarmEmail: {
    says: 'address that alarms are sent to (it must confirm once); `off`: nobody, the topic exists all the same',
    check: orWord('off', matching(/^[^@\s]+@[^@\s]+\.[^@\s]+$/, 'an e-mail address')),
  },
  alarmErrors: {
    says: 'percent of answers with status 5xx, over 5 minutes, from which the alarm rings',
    check: number(0.01, 100),
  },
  alarmLatency: {
    says: 'milliseconds of the slowest 1 % of requests from which the alarm rings',
    check: whole(50, 29000),
  },
  alarmModelAge: {
    says: 'days since the model was made from which the alarm rings',
    check: orWord('off', whole(1, 3650)),
  },
  feedback: {
    says: '`off`: none is taken; `ids`: `POST /feedback` keeps the right class of a request; `texts`: also the text that a caller sends. Needs an `authorizer`',
    check: oneOf('off', 'ids', 'texts'),
  },
  drift: {
    says: "`on`: count answers by bins and compare each day's with the validation rows; about 5 USD a month of metrics where callers come all day",
    check: oneOf('off', 'on'),
  },
  alarmDrift: {
    says: 'population stability index from which the alarm rings: 0.1 is a slight change, 0.25 a large one',
    check: number(0.01, 10),
  },
  retrainOnDrift: {
    says: '`on`: drift starts a training run, at most one a week; needs `drift: on` and training',
    check: oneOf('off', 'on'),
  },
  bucket: {
    says: "`new`: a bucket of this stack, kept when the stack is removed; or the name of one that exists (an earlier one, or another stage's)",
    check: orWord('new', matching(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "a bucket's name")),
  },
  prefix: {
    says: 'folder in the bucket: `<prefix>/current.json`. Two stages may share a bucket under two prefixes',
    check: folder,
    instead: 'none',
  },
  modelVersion: {
    says: '`current`: follow the pointer; or a version that never moves',
    check: orWord('current', matching(/^\d{8}T\d{6}Z-[0-9a-f]{7}$/, 'a version such as 20261123T081500Z-3f9a1c2')),
  },
  accuracyTolerance: {
    says: 'accuracy that a new model may lose against the current one and still be promoted',
    check: number(0, 1),
  },
  latencyRatio: { says: "largest latency of a new model, in current model's latencies", check: number(0.1, 100) },
  sizeRatio: { says: "largest size of a new model, in current model's sizes", check: number(0.1, 100) },
  canaryShare: {
    says: 'percent of the texts that an accepted model answers first, as a [canary](canary.md); `off`: it becomes current at once',
    check: orWord('off', whole(1, 99)),
  },
  canaryMinutes: { says: 'minutes of a canary', check: whole(5, 10080) },
  keepRejected: { says: 'days that rejected versions and checkpoints are kept', check: whole(1, 3650) },
  stream: {
    says: '`on`: a queue whose messages are scored into `<prefix>/results/stream/`. Idle, it costs about a quarter dollar a month ([stream.md](stream.md#cost))',
    check: oneOf('off', 'on'),
  },
  streamQueue: {
    says: '`standard`; or `fifo`, which keeps the order within a group. Another kind is another queue: empty the one before first',
    check: oneOf('standard', 'fifo'),
  },
  streamConcurrency: { says: 'most environments of stream at once', check: whole(2, 1000) },
  streamTopic: {
    says: '`on`: each result also goes to an SNS topic, with the attribute `label` to filter by',
    check: oneOf('off', 'on'),
  },
  alarmStreamAge: {
    says: 'seconds that the oldest message of the queue has waited from which the alarm rings',
    check: whole(60, 1209600),
  },
  bulk: {
    says: '`on`: files that are put under `<prefix>/bulk/in/` are scored into `<prefix>/bulk/out/` ([bulk.md](bulk.md)). Idle, it costs nothing',
    check: oneOf('off', 'on'),
  },
  bulkConcurrency: {
    says: "batches of a file that are scored at the same time. They take from the account's limit of environments",
    check: whole(1, 1000),
  },
  bulkToleratedFailures: {
    says: 'percent of the batches of a file that may fail without ending its run; their rows get an error',
    check: whole(0, 100),
  },
  keepBulkWork: {
    says: 'days that the pieces of a run are kept; it can be redriven for so long, and for 14 at most',
    check: whole(1, 3650),
  },
  trainingImage: {
    says: '`build`: build `Dockerfile.train` here and push it (needs docker or podman); `codebuild`: build it in the account; `off`: no training; or an image in ECR by its digest',
    check: orWord('off', orOneOf(['build', 'codebuild'], ecrImageByDigest)),
  },
  trainingImageBase: {
    says: 'base image for `trainingImage: build` or `codebuild`, by its digest; `default`: by the tag in `Dockerfile.train`',
    check: orWord('default', imageByDigest),
  },
  trainingSchedule: {
    says: 'when training runs, `cron(…)` or `rate(…)`; `off`: by hand only',
    check: orWord('off', schedule),
  },
  trainingTimezone: { says: 'time zone of the schedule', check: zone },
  trainingFile: { says: 'training rows: file under `<prefix>/training/data/`', check: fileName },
  validationFile: {
    says: 'rows to validate on, in the same folder; `off`: a share of the training rows',
    check: orWord('off', fileName),
  },
  trainingBase: { says: 'pretrained BERT: folder under `<prefix>/training/base/`', check: fileName },
  trainingArguments: {
    says: 'more flags for `train.py`, separated by spaces, as in `--epochs 3`',
    check: orWord('off', matching(/^\S+( \S+)*$/, 'flags separated by single spaces')),
  },
  trainingInstances: {
    says: 'EC2 instance types with a GPU, in no order',
    check: list(matching(/^[a-z0-9-]+(\.[a-z0-9-]+)?$/, 'instance types separated by commas')),
  },
  trainingGpus: { says: 'GPUs of a run', check: whole(1, 16) },
  trainingVcpus: { says: 'processors of a run, and of all runs together', check: whole(1, 192) },
  trainingMemory: {
    says: "MiB of memory of a run; less than the instance's, which keeps some for itself",
    check: whole(2048, 2000000),
  },
  trainingSharedMemory: { says: "MiB of `/dev/shm`, part of the run's memory", check: whole(64, 1000000) },
  trainingDisk: { says: "GB of the instance's disk: image, data and scratch", check: whole(50, 16000) },
  trainingTimeout: { says: 'hours until a run is stopped', check: whole(1, 336) },
  trainingWait: { says: 'hours that a run waits for an instance until it is cancelled', check: whole(1, 24) },
  trainingAttempts: { says: 'attempts of a run; only a reclaimed host uses another one', check: whole(1, 10) },
  trainingSubnets: {
    says: "`default`: the default VPC's subnets; or subnets with a way out, comma-separated",
    check: orWord('default', list(matching(/^subnet-[0-9a-f]{8,17}$/, 'subnet ids separated by commas'))),
  },
};
