import { createWorkerEnvironment } from '../../local/worker-process.ts';

it('asks for large pages, unless the operator has settings of glibc', () => {
  expect(createWorkerEnvironment({}).GLIBC_TUNABLES).toMatch(/^glibc\.malloc\.hugetlb=1:/);
  expect(createWorkerEnvironment({ GLIBC_TUNABLES: '' }).GLIBC_TUNABLES).toBe('');
});

it('turns telemetry off whatever the environment says', () => {
  const environment = { PATH: '/bin', ORT_DISABLE_TELEMETRY: '0' };
  expect(createWorkerEnvironment(environment)).toMatchObject({ PATH: '/bin', ORT_DISABLE_TELEMETRY: '1' });
});
