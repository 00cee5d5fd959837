import { stringify } from 'yaml'
import type { KubeObject } from '#shared/kube/object.ts'

const hidden = '••••••'
/** Where `kubectl apply` keeps the whole object, the values of a Secret included. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

/**
 * The object as YAML, without managed fields. @param options `secrets`: show the values of a Secret; `sorted`: by name, for
 * comparing, since the order of fields is not a difference
 */
export function yamlOf(object: KubeObject, { secrets = false, sorted = false } = {}): string {
  const { managedFields: _, ...metadata } = object.metadata
  const shown = { ...object, metadata }
  // Quoted for readers of YAML 1.1 too, who would take `yes` for a boolean.
  return stringify(secrets ? shown : withoutSecretValues(shown), {
    lineWidth: 0,
    version: '1.1',
    sortMapEntries: sorted,
  })
}

/** A Secret with its values hidden, wherever it carries them; any other object as it is. */
export function withoutSecretValues(object: KubeObject & SecretValues): KubeObject {
  if (object.kind !== 'Secret') return object
  const { data, stringData, metadata } = object
  const { annotations } = metadata
  return {
    ...object,
    metadata: annotations?.[lastApplied]
      ? { ...metadata, annotations: { ...annotations, [lastApplied]: hidden } }
      : metadata,
    ...(data ? { data: hideAll(data) } : {}),
    ...(stringData ? { stringData: hideAll(stringData) } : {}),
  }
}

interface SecretValues {
  data?: Record<string, string>
  stringData?: Record<string, string>
}

const hideAll = (values: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.keys(values).map((key) => [key, hidden]))
