import { protobufMessages } from './protobuf-messages.ts'

/** Kubernetes' protobuf messages: the number and type of each JSON field. */

export interface Field {
  number: number
  /** The JSON name. */
  name: string
  /** The letter of a scalar type, or the name of a message. */
  type: string
  repeated: boolean
  map: boolean
  /** An embedded Go struct, whose fields JSON inlines into the parent. */
  embedded: boolean
}

export type Message = Map<number, Field>

const embedded = new Set([
  'deviceConfiguration',
  'ephemeralContainerCommon',
  'localObjectReference',
  'persistentVolumeSource',
  'volumeSource',
  'handler',
  'ingressRuleValue',
  'rule',
  'ruleWithOperations',
])

let messages: Map<string, Message> | undefined

/** The message of the schemas in custom resource definitions. */
export const jsonSchemaProps = 'apiextensions_apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps'

export function message(name: string): Message | undefined {
  messages ??= parseMessages()
  return messages.get(name)
}

function parseMessages(): Map<string, Message> {
  const parsed = new Map<string, Message>()
  for (const line of protobufMessages.split('\n')) {
    const [name = '', ...fields] = line.split(' ')
    if (name === '') continue
    const byNumber: Message = new Map()
    for (const field of fields) {
      const [number = '', fieldName = '', type = ''] = field.split(':')
      const mark = type[0]
      const plain = mark === '+' || mark === '%' ? type.slice(1) : type
      // Some Go names begin with a capital letter where the JSON names do not.
      const json = fieldName === 'Port' ? fieldName : fieldName.charAt(0).toLowerCase() + fieldName.slice(1)
      byNumber.set(Number(number), {
        number: Number(number),
        name: json,
        type: plain,
        repeated: mark === '+',
        map: mark === '%',
        embedded: plain.includes('.') && embedded.has(fieldName),
      })
    }
    parsed.set(name, byNumber)
  }
  return parsed
}

const metaMessages = 'apimachinery.pkg.apis.meta.v1.'

/** The packages of API groups that are not under `api`. */
const packages: Readonly<Record<string, string>> = {
  'apiextensions.k8s.io': 'apiextensions_apiserver.pkg.apis.apiextensions',
  'apiregistration.k8s.io': 'kube_aggregator.pkg.apis.apiregistration',
}

/** Returns the package of a group's messages: packages use the first label of the group. Other groups have none. */
function packageOf(group: string): string | undefined {
  if (group === '') return 'api.core'
  if (group.includes('.') && !group.endsWith('.k8s.io')) return undefined
  return packages[group] ?? `api.${group.split('.')[0] ?? ''}`
}

/** Returns the message of a group version and kind. */
export function messageNamed(apiVersion: string, kind: string): string | undefined {
  const slash = apiVersion.indexOf('/')
  const scope = packageOf(apiVersion.slice(0, Math.max(slash, 0)))
  if (scope !== undefined) {
    const own = `${scope}.${apiVersion.slice(slash + 1)}.${kind}`
    if (message(own)) return own
  }
  // Request options are sent under the group version of the resource that they apply to.
  return message(metaMessages + kind) ? metaMessages + kind : undefined
}
