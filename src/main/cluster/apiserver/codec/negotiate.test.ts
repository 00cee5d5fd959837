import { expect, it } from 'vitest'
import { ApiError } from '#shared/kube/status.ts'
import { negotiate, objectForms } from './negotiate.ts'

it.each([
  [undefined, 'application/json', undefined],
  ['*/*', 'application/json', undefined],
  ['application/yaml', 'application/yaml', undefined],
  ['application/vnd.kubernetes.protobuf, application/json', 'application/json', undefined],
  ['application/json;as=Table;v=v1;g=meta.k8s.io,application/json', 'application/json', 'Table'],
  ['application/json;as=Table;v=v9;g=meta.k8s.io,application/json', 'application/json', undefined],
  ['application/yaml;q=0.5,application/json;q=0.9', 'application/json', undefined],
])('%s gives %s as %s', (accept, type, as) => {
  expect(negotiate(accept, objectForms)).toMatchObject({ type, as })
})

it.each(['text/html', 'application/vnd.kubernetes.protobuf', 'application/json;as=Table;v=v9;g=meta.k8s.io'])(
  'refuses %s with 406',
  (accept) => {
    expect(() => negotiate(accept, objectForms)).toThrow(ApiError)
  },
)
