import { exactInteger, parseExact } from '#shared/kube/exact-json.ts'
import { badRequest } from '#shared/kube/status.ts'
import { maxDepth, deeperThan, exceededDepth, exceededLimit } from './excess.ts'
import { jsonSchemaProps, message, messageNamed, type Field } from './protobuf-schema.ts'

/**
 * Decodes Kubernetes' protobuf bodies into the same plain objects as JSON: typed Go clients, including many kubectl
 * commands, send only protobuf. protobuf-encode.ts is the inverse.
 */

const magic = Buffer.from('k8s\0')

/** Decodes an enveloped object. @throws ApiError 400 */
export function decodeProtobuf(bytes: Buffer): Record<string, unknown> {
  if (!bytes.subarray(0, 4).equals(magic))
    throw badRequest('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]')
  try {
    return openEnvelope(bytes.subarray(4))
  } catch (error) {
    if (error instanceof RangeError) throw badRequest(`unexpected EOF in protobuf message: ${error.message}`)
    throw error
  }
}

function openEnvelope(bytes: Buffer): Record<string, unknown> {
  const { apiVersion, kind, raw } = envelopeOf(bytes)
  const type = messageNamed(apiVersion, kind)
  if (!type) throw badRequest(`no kind "${kind}" is registered for version "${apiVersion}" in protobuf`)
  const object = decodeMessage(raw, type) as Record<string, unknown>
  // A level takes at least two bytes.
  if (raw.length > 2 * maxDepth && deeperThan(object, maxDepth)) throw badRequest(`protobuf message: ${exceededDepth}`)
  return { ...object, kind, apiVersion }
}

function envelopeOf(bytes: Buffer): { apiVersion: string; kind: string; raw: Buffer } {
  const envelope: { apiVersion: string; kind: string; raw: Buffer } = { apiVersion: '', kind: '', raw: Buffer.alloc(0) }
  eachField(bytes, (number, value) => {
    if (number === 1 && Buffer.isBuffer(value))
      eachField(value, (inner, text) => {
        if (inner === 1) envelope.apiVersion = String(text)
        if (inner === 2) envelope.kind = String(text)
      })
    if (number === 2 && Buffer.isBuffer(value)) envelope.raw = value
  })
  return envelope
}

/**
 * Go writes zero values of plain fields into protobuf although JSON omits them; for pointers zero is a value. The
 * descriptors do not distinguish the two: these are the pointers for which zero is significant.
 */
const zeroMatters = new Set([
  'activeDeadlineSeconds',
  'allocateLoadBalancerNodePorts',
  'allowPrivilegeEscalation',
  'allowVolumeExpansion',
  'attachRequired',
  'automountServiceAccountToken',
  'backoffLimit',
  'backoffLimitPerIndex',
  'blockOwnerDeletion',
  'bool',
  'completions',
  'controller',
  'defaultMode',
  'deletionGracePeriodSeconds',
  'enableServiceLinks',
  'failedJobsHistoryLimit',
  'fsGroup',
  'gracePeriodSeconds',
  'hostUsers',
  'immutable',
  'int',
  'leaseTransitions',
  'maxItems',
  'maxLength',
  'maxProperties',
  'maximum',
  'minItems',
  'minLength',
  'minProperties',
  'minReplicas',
  'minimum',
  'mode',
  'optional',
  'orphanDependents',
  'parallelism',
  'partition',
  'priority',
  'privileged',
  'readOnlyRootFilesystem',
  'ready',
  'replicas',
  'revisionHistoryLimit',
  'runAsGroup',
  'runAsNonRoot',
  'runAsUser',
  'served',
  'serving',
  'setHostnameAsFQDN',
  'shareProcessNamespace',
  'started',
  'startingDeadlineSeconds',
  'storage',
  'storageClassName',
  'string',
  'successfulJobsHistoryLimit',
  'suspend',
  'terminating',
  'terminationGracePeriodSeconds',
  'tolerationSeconds',
  'ttlSecondsAfterFinished',
])

function decodeMessage(bytes: Buffer, name: string): unknown {
  const special = specials[name.slice(name.lastIndexOf('.') + 1)]
  if (special) return special(bytes)
  const fields = message(name)
  const out: Record<string, unknown> = {}
  if (!fields) return out
  eachField(bytes, (number, value) => {
    const field = fields.get(number)
    if (field) putField(out, field, value)
  })
  return out
}

function putField(out: Record<string, unknown>, field: Field, value: number | bigint | Buffer): void {
  const { name } = field
  if (field.map) {
    const [key, item] = entryOf(value as Buffer, field.type)
    const map = (out[name] ??= {}) as Record<string, unknown>
    if (key === '__proto__') throw badRequest(`${name}: the key "__proto__" is not supported`)
    map[key] = item
  } else if (field.repeated) {
    const list = (out[name] ??= []) as unknown[]
    list.push(valueOf(value, field.type))
  } else if (field.embedded) Object.assign(out, valueOf(value, field.type))
  else {
    const item = valueOf(value, field.type)
    const zero = !field.type.includes('.') && (item === '' || item === 0 || item === false)
    if (item !== undefined && (!zero || zeroMatters.has(name))) out[name] = item
  }
}

function entryOf(bytes: Buffer, type: string): [string, unknown] {
  let key = ''
  let item: unknown = valueOf(type === 'i' || type === 'b' ? 0 : Buffer.alloc(0), type)
  eachField(bytes, (number, value) => {
    if (number === 1) key = String(value)
    if (number === 2) item = valueOf(value, type)
  })
  return [key, item]
}

function valueOf(value: number | bigint | Buffer, type: string): unknown {
  switch (type) {
    case 's':
      return String(value)
    case 'i':
      return value
    case 'b':
      return value !== 0
    case 'y':
      return Buffer.isBuffer(value) ? value.toString('base64') : ''
    case 'd':
      return Buffer.isBuffer(value) ? value.readDoubleLE(0) : value
    default:
      return Buffer.isBuffer(value) ? decodeMessage(value, type) : undefined
  }
}

/** Messages whose JSON form is not an object. */
const specials: Readonly<Record<string, (bytes: Buffer) => unknown>> = {
  Time: (bytes) => timeOf(bytes, 0),
  MicroTime: (bytes) => timeOf(bytes, 6),
  Timestamp: (bytes) => timeOf(bytes, 0),
  Quantity: (bytes) => String(fieldsOf(bytes).get(1) ?? '0'),
  IntOrString(bytes) {
    const fields = fieldsOf(bytes)
    return fields.get(1) === 1 ? String(fields.get(3) ?? '') : Number(fields.get(2) ?? 0)
  },
  RawExtension: (bytes) => jsonOf(fieldsOf(bytes).get(1)),
  FieldsV1: (bytes) => jsonOf(fieldsOf(bytes).get(1)),
  ExtraValue: itemsOf,
  Verbs: itemsOf,
  JSON: (bytes) => jsonOf(fieldsOf(bytes).get(1)),
  JSONSchemaPropsOrArray: (bytes) => schemaOf(bytes, 1) ?? partsOf(bytes, 2).map(decodeSchema),
  JSONSchemaPropsOrBool: (bytes) => schemaOf(bytes, 2) ?? fieldsOf(bytes).get(1) === 1,
  JSONSchemaPropsOrStringArray: (bytes) => schemaOf(bytes, 1) ?? partsOf(bytes, 2).map(String),
}

function schemaOf(bytes: Buffer, number: number): unknown {
  const [schema] = partsOf(bytes, number)
  return schema && decodeSchema(schema)
}

const decodeSchema = (bytes: Buffer): unknown => decodeMessage(bytes, jsonSchemaProps)

/** Returns the values of a repeated bytes field. */
function partsOf(bytes: Buffer, wanted: number): Buffer[] {
  const parts: Buffer[] = []
  eachField(bytes, (number, value) => {
    if (number === wanted && Buffer.isBuffer(value)) parts.push(value)
  })
  return parts
}

function itemsOf(bytes: Buffer): string[] {
  const items: string[] = []
  eachField(bytes, (_number, value) => void items.push(String(value)))
  return items
}

function fieldsOf(bytes: Buffer): Map<number, number | bigint | Buffer> {
  const fields = new Map<number, number | bigint | Buffer>()
  eachField(bytes, (number, value) => void fields.set(number, value))
  return fields
}

function jsonOf(value: number | bigint | Buffer | undefined): unknown {
  if (!Buffer.isBuffer(value) || value.length === 0) return undefined
  const excess = exceededLimit(value)
  if (excess !== undefined) throw badRequest(`an embedded object of the protobuf message: ${excess}`)
  try {
    return parseExact(value.toString())
  } catch {
    throw badRequest('an embedded object of the protobuf message is not JSON')
  }
}

/** Formats a time as RFC 3339 with `digits` of fraction; undefined for Go's zero time, which is an empty message. */
function timeOf(bytes: Buffer, digits: number): string | undefined {
  if (bytes.length === 0) return undefined
  const fields = fieldsOf(bytes)
  const seconds = Number(fields.get(1) ?? 0)
  const text = new Date(seconds * 1000).toISOString().slice(0, 19)
  const fraction = String(fields.get(2) ?? 0)
    .padStart(9, '0')
    .slice(0, digits)
  return digits > 0 ? `${text}.${fraction}Z` : `${text}Z`
}

/** Maximum fields of one message; no storable object has as many. */
const maxFields = 50_000

/** Visits the fields of a message: numbers for varints, bytes for the rest. @throws RangeError when it is truncated */
function eachField(bytes: Buffer, visit: (number: number, value: number | bigint | Buffer) => void): void {
  let at = 0
  const varint = (): number | bigint => {
    const first = bytes[at]
    if (first !== undefined && first < 128) {
      at++
      return first
    }
    let low = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined || shift > 63n) throw new RangeError('varint')
      low |= BigInt(byte & 127) << shift
      // Negative numbers are encoded as 64-bit two's complement.
      if (byte < 128) return exactInteger(BigInt.asIntN(64, low))
    }
  }
  const take = (length: number): Buffer => {
    if (length < 0 || at + length > bytes.length) throw new RangeError('field')
    at += length
    return bytes.subarray(at - length, at)
  }
  for (let fields = 1; at < bytes.length; fields++) {
    if (fields > maxFields) throw badRequest(`protobuf message: more than ${maxFields} fields`)
    const key = Number(varint())
    switch (key & 7) {
      case 0:
        visit(key >> 3, varint())
        break
      case 1:
        visit(key >> 3, take(8))
        break
      case 2:
        visit(key >> 3, take(Number(varint())))
        break
      case 5:
        visit(key >> 3, take(4))
        break
      default:
        throw new RangeError(`wire type ${key & 7}`)
    }
  }
}
