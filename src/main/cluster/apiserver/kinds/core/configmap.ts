import type { ConfigMap } from '#shared/kube/generated/types.ts'
import { fieldInvalid, fieldTooLong, type FieldError } from '#shared/kube/status.ts'
import { configKeyProblems } from '#shared/kube/validation-names.ts'
import type { KindDeclaration } from '../../api/kind.ts'
import { dataSize, immutableChanges, maxDataSize } from '../../validation/data.ts'
import { age, figure } from '../../api/columns.ts'

/** Configuration data for pods. The example of a declaration: omitted members have the registry's defaults. */
export const configMap: KindDeclaration<ConfigMap> = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  singular: 'configmap',
  shortNames: ['cm'],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.ConfigMap',
  generation: false,
  validate,
  validateUpdate: (next, previous) => immutableChanges(next, previous, ['data', 'binaryData']),
  columns: [
    figure('Data', 'How many entries it holds.', ({ data, binaryData }) => sizeOf(data) + sizeOf(binaryData)),
    age,
  ],
}

function validate({ data = {}, binaryData = {} }: ConfigMap): FieldError[] {
  const errors: FieldError[] = []
  for (const key of Object.keys(data)) {
    checkKey(key, `data[${key}]`, errors)
    if (Object.hasOwn(binaryData, key))
      errors.push(fieldInvalid(`data[${key}]`, key, 'duplicate of key present in binaryData'))
  }
  for (const key of Object.keys(binaryData)) checkKey(key, `binaryData[${key}]`, errors)
  if (dataSize(data, binaryData) > maxDataSize) errors.push(fieldTooLong('', maxDataSize))
  return errors
}

function checkKey(key: string, field: string, errors: FieldError[]): void {
  for (const problem of configKeyProblems(key)) errors.push(fieldInvalid(field, key, problem))
}

const sizeOf = (map: Readonly<Record<string, string>> | undefined): number => (map ? Object.keys(map).length : 0)
