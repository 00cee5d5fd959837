import type { Secret } from '#shared/kube/generated/types.ts'
import { fieldInvalid, fieldRequired, fieldTooLong, type FieldError } from '#shared/kube/status.ts'
import { configKeyProblems } from '#shared/kube/validation-names.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { dataSize, immutableChanges, maxDataSize } from '../../validation/data.ts'
import { checkImmutable } from '../../validation/fields.ts'
import { age, figure, text } from '../../api/columns.ts'
import { keyPairWarnings } from '../../validation/key-pair.ts'

/** Confidential data for pods and clients. */
export const secret: KindDeclaration<Secret> = {
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  singular: 'secret',
  namespaced: true,
  schema: 'io.k8s.api.core.v1.Secret',
  generation: false,
  setDefaults,
  prepareForCreate: mergeStringData,
  prepareForUpdate: mergeStringData,
  warnings: ({ type, data = {} }) =>
    type === 'kubernetes.io/tls' ? keyPairWarnings(data['tls.crt'], data['tls.key']) : [],
  validate,
  validateUpdate(next, previous) {
    const errors: FieldError[] = []
    checkImmutable(next.type, previous.type, 'type', errors)
    return [...errors, ...immutableChanges(next, previous, ['data'])]
  },
  fields: { type: ({ type }) => type ?? '' },
  columns: [
    text('Type', 'What kind of secret it is.', ({ type }) => type ?? ''),
    figure('Data', 'How many entries it holds.', ({ data }) => Object.keys(data ?? {}).length),
    age,
  ],
}

function setDefaults(object: Secret): void {
  object.type ||= 'Opaque'
  mergeStringData(object)
}

/** `stringData` is write-only: merges it into `data`. */
function mergeStringData(object: Secret): void {
  if (object.stringData) {
    object.data ??= {}
    for (const [key, value] of Object.entries(object.stringData))
      object.data[key] = Buffer.from(value).toString('base64')
  }
  delete object.stringData
}

function validate({ data = {}, type, metadata }: Secret): FieldError[] {
  const errors: FieldError[] = []
  for (const key of Object.keys(data))
    for (const problem of configKeyProblems(key)) errors.push(fieldInvalid(`data[${key}]`, key, problem))
  if (dataSize({}, data) > maxDataSize) errors.push(fieldTooLong('data', maxDataSize))
  for (const key of requiredKeys[type ?? ''] ?? [])
    if (data[key] === undefined) errors.push(fieldRequired(`data[${key}]`))
  if (type === 'kubernetes.io/basic-auth' && data['username'] === undefined && data['password'] === undefined)
    errors.push(fieldRequired('data[username]'), fieldRequired('data[password]'))
  if (type === 'kubernetes.io/service-account-token' && !metadata.annotations?.[serviceAccountName])
    errors.push(fieldRequired(`metadata.annotations[${serviceAccountName}]`))
  if (type === 'kubernetes.io/dockerconfigjson') checkJson(data['.dockerconfigjson'], '.dockerconfigjson', errors)
  if (type === 'kubernetes.io/dockercfg') checkJson(data['.dockercfg'], '.dockercfg', errors)
  return errors
}

const serviceAccountName = 'kubernetes.io/service-account.name'

const requiredKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
}

function checkJson(encoded: string | undefined, key: string, errors: FieldError[]): void {
  if (encoded === undefined) return
  try {
    JSON.parse(Buffer.from(encoded, 'base64').toString())
  } catch (error) {
    errors.push({
      type: 'FieldValueInvalid',
      field: `data[${key}]`,
      message: `Invalid value: "<secret contents redacted>": ${error instanceof Error ? error.message : 'not JSON'}`,
    })
  }
}
