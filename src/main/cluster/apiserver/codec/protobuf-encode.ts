import { jsonSchemaProps, message, messageNamed, type Field } from './protobuf-schema.ts'
import { ProtobufWriter } from './protobuf-writer.ts'

/**
 * Objects in the protobuf format that typed Go clients request. Objects without a protobuf message, such as custom
 * resources and tables, are not available in it: those clients accept JSON as their second choice.
 */

export const protobufType = 'application/vnd.kubernetes.protobuf' as const

const magic = Buffer.from('k8s\0')

/** Reports whether the kind has a protobuf message. */
export const hasProtobuf = (apiVersion: string, kind: string): boolean => messageNamed(apiVersion, kind) !== undefined

interface TypedObject {
  readonly apiVersion: string
  readonly kind: string
}

/** Encodes an object in its envelope. @throws Error when its kind has no message */
export function encodeProtobuf(object: TypedObject): Buffer {
  return envelope(object, messageBytes(object))
}

/** Encodes a list of objects in its envelope; every item is encoded once per revision. */
export function encodeProtobufList(
  list: TypedObject & { readonly metadata: object },
  items: readonly TypedObject[],
): Buffer {
  const writer = new ProtobufWriter()
  writer.message(1, (inner) => writeMessage(inner, list.metadata, listMeta))
  for (const item of items) writer.bytes(2, messageBytes(item))
  return envelope(list, writer.finish())
}

/** Encodes one watch event: its length, then the event, whose object has an envelope of its own. */
export function encodeProtobufEvent(type: string, object: TypedObject): Buffer {
  const writer = new ProtobufWriter()
  writer.string(1, type)
  writer.message(2, (inner) => inner.bytes(1, encodeProtobuf(object)))
  const event = writer.finish()
  const frame = Buffer.allocUnsafe(4 + event.length)
  frame.writeUInt32BE(event.length)
  event.copy(frame, 4)
  return frame
}

const listMeta = 'apimachinery.pkg.apis.meta.v1.ListMeta'
const encoded = new WeakMap<object, Buffer>()

/** Stored objects are immutable, so their bytes are cached for their lifetime. */
function messageBytes(object: TypedObject): Buffer {
  let bytes = encoded.get(object)
  if (!bytes) {
    const name = messageNamed(object.apiVersion, object.kind)
    if (!name) throw new Error(`${object.apiVersion} ${object.kind} has no protobuf form`)
    const writer = new ProtobufWriter()
    writeMessage(writer, object, name)
    encoded.set(object, (bytes = writer.finish()))
  }
  return bytes
}

function envelope({ apiVersion, kind }: TypedObject, raw: Buffer): Buffer {
  const writer = new ProtobufWriter()
  writer.message(1, (type) => {
    type.string(1, apiVersion)
    type.string(2, kind)
  })
  writer.bytes(2, raw)
  return Buffer.concat([magic, writer.finish()])
}

function writeMessage(writer: ProtobufWriter, value: object, name: string): void {
  const special = specials[name.slice(name.lastIndexOf('.') + 1)]
  if (special) {
    special(writer, value)
    return
  }
  const object = value as Readonly<Record<string, unknown>>
  for (const field of message(name)?.values() ?? []) {
    if (field.embedded) writeEmbedded(writer, field, object)
    else writeField(writer, field, object[field.name])
  }
}

/**
 * Go inlines the fields of an embedded struct into the parent's JSON; the struct is omitted when all of them are
 * absent.
 */
function writeEmbedded(
  writer: ProtobufWriter,
  { number, type }: Field,
  parent: Readonly<Record<string, unknown>>,
): void {
  const inner = new ProtobufWriter()
  writeMessage(inner, parent, type)
  const bytes = inner.finish()
  if (bytes.length > 0) writer.bytes(number, bytes)
}

function writeField(writer: ProtobufWriter, field: Field, value: unknown): void {
  if (value === undefined || value === null) return
  if (field.map) {
    for (const [key, item] of Object.entries(value))
      writer.message(field.number, (entry) => {
        entry.text(1, key)
        writeValue(entry, 2, field.type, item)
      })
  } else if (field.repeated) for (const item of value as unknown[]) writeValue(writer, field.number, field.type, item)
  else writeValue(writer, field.number, field.type, value)
}

function writeValue(writer: ProtobufWriter, number: number, type: string, value: unknown): void {
  switch (type) {
    case 's':
      writer.text(number, String(value))
      break
    case 'i':
      writer.signed(number, typeof value === 'bigint' ? value : Math.trunc(Number(value)))
      break
    case 'b':
      writer.flag(number, value === true)
      break
    case 'y':
      writer.bytes(number, Buffer.from(String(value), 'base64'))
      break
    case 'd':
      writer.double(number, Number(value))
      break
    default:
      writer.message(number, (inner) => writeMessage(inner, value as object, type))
  }
}

/** Messages whose JSON form is not an object. */
const specials: Readonly<Record<string, (writer: ProtobufWriter, value: unknown) => void>> = {
  Time: writeTime,
  MicroTime: writeTime,
  Timestamp: writeTime,
  Quantity: (writer, value) => writer.text(1, String(value)),
  IntOrString(writer, value) {
    if (typeof value === 'number') writer.signed(2, value)
    else {
      writer.signed(1, 1)
      writer.text(3, String(value))
    }
  },
  RawExtension: (writer, value) => writer.bytes(1, Buffer.from(JSON.stringify(value))),
  FieldsV1: (writer, value) => writer.bytes(1, Buffer.from(JSON.stringify(value))),
  ExtraValue: writeItems,
  Verbs: writeItems,
  JSON: (writer, value) => writer.bytes(1, Buffer.from(JSON.stringify(value))),
  JSONSchemaPropsOrArray(writer, value) {
    if (Array.isArray(value)) for (const item of value) writeSchema(writer, 2, item)
    else writeSchema(writer, 1, value)
  },
  JSONSchemaPropsOrBool(writer, value) {
    writer.flag(1, value !== false)
    if (typeof value === 'object') writeSchema(writer, 2, value)
  },
  JSONSchemaPropsOrStringArray(writer, value) {
    if (Array.isArray(value)) for (const item of value) writer.text(2, String(item))
    else writeSchema(writer, 1, value)
  },
}

function writeSchema(writer: ProtobufWriter, number: number, schema: unknown): void {
  writeValue(writer, number, jsonSchemaProps, schema)
}

function writeItems(writer: ProtobufWriter, items: unknown): void {
  for (const item of items as unknown[]) writer.text(1, String(item))
}

function writeTime(writer: ProtobufWriter, value: unknown): void {
  const text = String(value)
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) return
  const nanos = Number((/\.(\d{1,9})/.exec(text)?.[1] ?? '').padEnd(9, '0'))
  writer.signed(1, Math.floor(ms / 1000))
  if (nanos > 0) writer.signed(2, nanos)
}
