import { parseAddress } from '../../../layers/model-store/address.ts';
import { ModelStoreError, openModelStore } from '../../../layers/model-store/index.ts';

it.each([
  ['s3://bucket', { bucket: 'bucket', prefix: '' }],
  ['s3://bucket/', { bucket: 'bucket', prefix: '' }],
  ['s3://my.bucket-1/models/sentiment/', { bucket: 'my.bucket-1', prefix: 'models/sentiment' }],
  ['s3://bucket/name=sentiment/v1.2 (new)', { bucket: 'bucket', prefix: 'name=sentiment/v1.2 (new)' }],
])('reads %s', (uri, address) => {
  expect(parseAddress(uri)).toEqual(address);
});

it.each([
  ['file:///srv/models', '/srv/models'],
  ['file:/srv/models/', '/srv/models/'],
  ['file://localhost/srv/models', '/srv/models'],
  ['file:///srv/my%20models', '/srv/my models'],
  ['file:models/sample', '/home/me/project/models/sample'],
  ['file:./models/sample', '/home/me/project/models/sample'],
  ['file:../models', '/home/me/models'],
])('reads %s', (uri, folder) => {
  expect(parseAddress(uri, '/home/me/project')).toEqual({ folder });
});

it.each([
  ['', /^The model store "" is empty\. Use s3:/],
  ['models/sample', /is of no known kind/],
  ['https://bucket.s3.amazonaws.com/models', /is of no known kind/],
  ['s3:bucket', /names no valid bucket/],
  ['s3://', /names no valid bucket/],
  ['s3://Bucket/models', /names no valid bucket/],
  ['s3://a/models', /names no valid bucket/],
  ['s3://bucket//models', /has a prefix that is not a plain path/],
  ['s3://bucket/a//b', /has a prefix that is not a plain path/],
  ['s3://bucket/../other', /has a prefix that is not a plain path/],
  ['s3://bucket/models?versionId=1', /has a prefix that is not a plain path/],
  ['s3://bucket/models\n', /has a prefix that is not a plain path/],
  ['file:', /names no folder/],
  ['file://', /names no folder/],
  ['file://server/share', /is not a file URL/],
  ['file:///models?x=1', /has a \? or # that is not written/],
])('refuses %j and names the accepted forms', (uri, pattern) => {
  expect(() => openModelStore(uri)).toThrow(ModelStoreError);
  expect(() => openModelStore(uri)).toThrow(pattern);
  expect(() => openModelStore(uri)).toThrow(/Use s3:\/\/bucket\/prefix, file:\/\/\/folder or file:folder/);
});
