// One execution environment: imports the built Lambda function, hands it one request of API Gateway and tells when the answer was
// there. BUNDLE is functions/predict/index.mjs as it lies in the image.
const [bundle, event] = process.argv.slice(2);
const { handler } = await import(bundle);
const imported = performance.timeOrigin + performance.now();
const context = { awsRequestId: 'cold', getRemainingTimeInMillis: () => 29_000 };
const answer = await handler(JSON.parse(event), context);
const at = performance.timeOrigin + performance.now();
// In KiB, the pages of mapped files among them.
const { maxRSS } = process.resourceUsage();
process.send({ at, imported, status: answer.statusCode, peakMiB: maxRSS / 1024 });
process.disconnect();
process.exit();
