/**
 * Makes src/main/cluster/apiserver/codec/protobuf-messages.ts: the field numbers of Kubernetes' protobuf messages, read
 * from the descriptors that every Go client carries (kubectl, say), and what is newer than that client or not in it from
 * the table in protobuf-newer.ts. Run by hand when a newer client is to be understood:
 *
 *   node scripts/protobuf-messages.ts /usr/bin/kubectl
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { inflateRawSync } from 'node:zlib'
import { newerMessages } from './protobuf-newer.ts'

const [binary = '/usr/bin/kubectl'] = process.argv.slice(2)
const wanted =
  /^k8s\.io\.(api\.(core|apps|batch|policy|rbac|networking|storage|coordination|discovery|events|authentication|authorization|certificates|scheduling|node|admissionregistration|flowcontrol|resource)\.v1|api\.autoscaling\.v[12]|(apiextensions_apiserver|kube_aggregator)\.pkg\.apis\.\w+\.v1|apimachinery\.pkg\..*)\.[A-Z]\w*$/

interface Message {
  name: string
  fields: Field[]
  mapEntries: Map<string, Field[]>
}

interface Field {
  number: number
  name: string
  type: number
  repeated: boolean
  typeName: string
}

const messages = new Map<string, Map<string, string>>()
for (const message of descriptors(readFileSync(binary)).flatMap(messagesOf))
  if (wanted.test(message.name))
    merge(
      shorten(message.name),
      message.fields.map((field) => print(field, message)),
    )
for (const { name, fields } of newerMessages()) merge(name, fields)
const lines = [...messages].map(([name, fields]) => [name, ...fields.values()].join(' ')).sort()
writeFileSync(
  new URL('../src/main/cluster/apiserver/codec/protobuf-messages.ts', import.meta.url),
  `/**
 * Field numbers of Kubernetes' protobuf messages, made by scripts/protobuf-messages.ts. A line is a message and its
 * fields as number:name:type; types are s(tring), i(nteger), b(ool), y (bytes), d(ouble), or a message; + = repeated,
 * % = a map from strings.
 */
export const protobufMessages = \`
${lines.join('\n')}
\`
`,
)

/** Later fields of the same number replace earlier ones. */
function merge(name: string, fields: string[]): void {
  const known = messages.get(name) ?? new Map<string, string>()
  messages.set(name, known)
  for (const field of fields) known.set(field.slice(0, field.indexOf(':')), field)
}

function print(field: Field, message: Message): string {
  const entry = message.mapEntries.get(field.typeName)
  const value = entry?.find(({ number }) => number === 2)
  if (value) return `${field.number}:${field.name}:%${typeOf(value)}`
  return `${field.number}:${field.name}:${field.repeated ? '+' : ''}${typeOf(field)}`
}

function typeOf({ type, typeName }: Field): string {
  switch (type) {
    case 1:
      return 'd'
    case 8:
      return 'b'
    case 9:
      return 's'
    case 11:
      return shorten(typeName.slice(1))
    case 12:
      return 'y'
    default:
      return 'i'
  }
}

function shorten(name: string): string {
  return name.replace(/^k8s\.io\./, '')
}

/** Every gzipped FileDescriptorProto in a binary. */
function descriptors(bytes: Buffer): Buffer[] {
  const magic = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0])
  const found: Buffer[] = []
  for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at + 1)) {
    try {
      const text = inflateRawSync(bytes.subarray(at + 10, at + 400_000))
      if (
        text[0] === 10 &&
        text
          .subarray(2, 2 + (text[1] ?? 0))
          .toString()
          .startsWith('k8s.io/')
      )
        found.push(text)
    } catch {
      // Some other use of the same bytes.
    }
  }
  return found
}

function messagesOf(file: Buffer): Message[] {
  let packageName = ''
  const messages: Buffer[] = []
  for (const [field, value] of read(file)) {
    if (field === 2) packageName = (value as Buffer).toString()
    if (field === 4) messages.push(value as Buffer)
  }
  return messages.map((bytes) => messageOf(bytes, packageName))
}

function messageOf(bytes: Buffer, scope: string): Message {
  const message: Message = { name: '', fields: [], mapEntries: new Map() }
  const nested: Buffer[] = []
  for (const [field, value] of read(bytes)) {
    if (field === 1) message.name = `${scope}.${(value as Buffer).toString()}`
    if (field === 2) message.fields.push(fieldOf(value as Buffer))
    if (field === 3) nested.push(value as Buffer)
  }
  for (const entry of nested.map((inner) => messageOf(inner, message.name)))
    message.mapEntries.set(`.${entry.name}`, entry.fields)
  return message
}

function fieldOf(bytes: Buffer): Field {
  const out: Field = { number: 0, name: '', type: 0, repeated: false, typeName: '' }
  for (const [field, value] of read(bytes)) {
    if (field === 1) out.name = (value as Buffer).toString()
    if (field === 3) out.number = value as number
    if (field === 4) out.repeated = value === 3
    if (field === 5) out.type = value as number
    if (field === 6) out.typeName = (value as Buffer).toString()
  }
  return out
}

function* read(bytes: Buffer): Iterable<[number, number | Buffer]> {
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++] ?? 0
      value += (byte & 127) * factor
      if (byte < 128) return value
    }
  }
  while (at < bytes.length) {
    const key = varint()
    if ((key & 7) === 2) {
      const length = varint()
      yield [key >> 3, bytes.subarray(at, at + length)]
      at += length
    } else if ((key & 7) === 0) yield [key >> 3, varint()]
    else throw new Error(`unexpected wire type ${key & 7}`)
  }
}
