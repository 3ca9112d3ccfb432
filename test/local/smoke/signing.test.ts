import { createSigner } from '../../../local/smoke/signing.ts';

it('signs for API Gateway in the region, with the query in the signature', async () => {
  const sign = createSigner('eu-west-1');
  const one = await sign('GET', new URL('https://api.example/predict?sentence=a'));
  const other = await sign('GET', new URL('https://api.example/predict?sentence=b'));
  expect(one.authorization).toMatch(
    /^AWS4-HMAC-SHA256 Credential=test\/\d{8}\/eu-west-1\/execute-api\/aws4_request, SignedHeaders=host;[a-z0-9;-]*x-amz-date, Signature=[0-9a-f]{64}$/,
  );
  expect(one.authorization?.split('Signature=')[1]).not.toBe(other.authorization?.split('Signature=')[1]);
  expect(one['x-amz-date']).toMatch(/^\d{8}T\d{6}Z$/);
});
