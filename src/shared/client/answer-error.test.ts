import { expect, test } from 'vitest'
import { errorOf } from './answer-error.ts'

const status = (more: object): string => JSON.stringify({ kind: 'Status', apiVersion: 'v1', ...more })

test.each([
  [403, status({ message: 'pods is forbidden', code: 403 }), 403, 'pods is forbidden'],
  [403, status({ reason: 'Forbidden' }), 403, 'the server answered 403 Forbidden'],
  [422, status({ message: '', code: 422 }), 422, 'the server answered 422'],
  [502, '<html>\n<head><title>502 Bad\nGateway</title></head><body>nginx</body></html>', 502, '502 Bad Gateway'],
  [500, '<p>gone <b>away</b></p>', 500, 'gone away'],
  [401, '{"message":"token expired"}', 401, 'token expired'],
  [500, '{"message":{"a":1}}', 500, '{"message":{"a":1}}'],
  [429, 'slow down\n', 429, 'slow down'],
  [503, '', 503, 'the server answered 503 ServiceUnavailable'],
  [599, '', 599, 'the server answered 599'],
  [500, 'null', 500, 'null'],
])('%i %s', (code, body, toldCode, message) => expect(errorOf(code, body)).toMatchObject({ code: toldCode, message }))

test('the causes of a Status stay', () => {
  const details = { causes: [{ reason: 'FieldValueInvalid', message: 'no', field: 'spec.replicas' }] }
  expect(errorOf(422, status({ message: 'x', details })).status.details).toEqual(details)
})

test.each(['<', '<title'])('a page of a million %s that are never closed is read at once', (tag) => {
  const began = performance.now()
  errorOf(502, tag.repeat(1_000_000))
  // The whole would take minutes.
  expect(performance.now() - began).toBeLessThan(5_000)
})
