/** A struct type of a Go program, with the tags of its fields. */
export interface GoStruct {
  /** Import path of its package: `k8s.io/api/core/v1`. */
  path: string
  name: string
  fields: GoField[]
}

export interface GoField {
  name: string
  tag: string
  kind: string
  /** The field's type as Go prints it: `*v1.Time`, `[]v1.IPFamily`. */
  type: string
  /** Its name without its package. */
  typeName: string
  /** Import path of a named type; empty for others. */
  typePath: string
}

/**
 * Reads the named struct types of a 64-bit little-endian ELF program from the type information that Go's runtime keeps
 * (internal/abi/type.go). Position-independent programs, as Debian builds them, hold its pointers in their relocations.
 */
export function readGoStructs(image: Buffer): GoStruct[] {
  const program = new Program(image)
  const { types, end } = program.typeSection()
  const structs: GoStruct[] = []
  for (let address = types; address < end; address += 8) {
    const struct = readStruct(program, address, types)
    if (struct) structs.push(struct)
  }
  return structs
}

const kinds =
  'invalid bool int int8 int16 int32 int64 uint uint8 uint16 uint32 uint64 uintptr float32 float64 complex64 complex128 array chan func interface map pointer slice string struct unsafe'.split(
    ' ',
  )
/** Bits of `abi.TFlag`. */
const uncommon = 1
const extraStar = 2
/** Sizes of `abi.Type`, `abi.StructType` and `abi.StructField`. */
const typeSize = 48
const structTypeSize = 80
const structFieldSize = 24

function readStruct(program: Program, address: number, types: number): GoStruct | undefined {
  if (!program.isNamedStruct(address)) return undefined
  const type = readType(program, address, types)
  if (!type?.path) return undefined
  const first = program.pointer(address + typeSize + 8)
  const count = program.word(address + typeSize + 16)
  if (!first || count !== program.word(address + typeSize + 24) || count > 1_000) return undefined
  const fields: GoField[] = []
  for (let index = 0; index < count; index++) {
    const at = first + index * structFieldSize
    const name = program.name(program.pointer(at))
    const fieldType = readType(program, program.pointer(at + 8), types)
    if (!name || !fieldType) return undefined
    fields.push({
      name: name.text,
      tag: name.tag,
      kind: fieldType.kind,
      type: fieldType.text,
      typeName: fieldType.name,
      typePath: fieldType.path,
    })
  }
  return { path: type.path, name: type.name, fields }
}

function readType(
  program: Program,
  address: number,
  types: number,
): { kind: string; text: string; name: string; path: string } | undefined {
  const at = program.offset(address)
  if (at === undefined) return undefined
  const kind = kinds[(program.image[at + 23] ?? 0) & 31]
  const flags = program.image[at + 20] ?? 0
  const text = program.name(types + program.image.readInt32LE(at + 40))?.text
  if (kind === undefined || text === undefined) return undefined
  const full = flags & extraStar ? text.slice(1) : text
  const name = full.replace(/\w+\.(?=\w+$)/, '')
  const isNamed = (flags & uncommon) !== 0 && (kind === 'struct' || kind === 'string' || kind.startsWith('int'))
  return { kind, text: full, name, path: isNamed ? packageOf(program, address, kind, types) : '' }
}

/** The `abi.UncommonType` behind a type begins with the name of its package. */
function packageOf(program: Program, address: number, kind: string, types: number): string {
  const at = program.offset(address + (kind === 'struct' ? structTypeSize : typeSize))
  return at === undefined ? '' : (program.name(types + program.image.readInt32LE(at))?.text ?? '')
}

interface Section {
  name: string
  address: number
  offset: number
  size: number
}

/** An ELF file, by address. */
class Program {
  readonly image: Buffer
  readonly #sections: Section[]
  readonly #relocated = new Map<number, number>()

  constructor(image: Buffer) {
    this.image = image
    this.#sections = sectionsOf(image)
    const { offset, size } = this.#section('.rela.dyn')
    const relative = 8
    for (let at = offset; at < offset + size; at += 24)
      if (image.readUInt32LE(at + 8) === relative) this.#relocated.set(this.#u64(at), this.#u64(at + 16))
  }

  /** `types` and `etypes` of the runtime's module data, which lie in this order behind 36 other words. */
  typeSection(): { types: number; end: number } {
    const { address } = this.#section('.go.module')
    return { types: this.pointer(address + 0x128), end: this.pointer(address + 0x138) }
  }

  offset(address: number): number | undefined {
    const section = this.#sections.find((one) => address >= one.address && address < one.address + one.size)
    return section && section.offset + address - section.address
  }

  isNamedStruct(address: number): boolean {
    const at = this.offset(address)
    if (at === undefined) return false
    return kinds[(this.image[at + 23] ?? 0) & 31] === 'struct' && ((this.image[at + 20] ?? 0) & uncommon) !== 0
  }

  word(address: number): number {
    const at = this.offset(address)
    return at === undefined ? 0 : this.#u64(at)
  }

  pointer(address: number): number {
    return this.#relocated.get(address) ?? 0
  }

  /** An `abi.Name`: flags, length and text, then length and text of the tag. */
  name(address: number): { text: string; tag: string } | undefined {
    const at = this.offset(address)
    if (at === undefined) return undefined
    const text = this.#counted(at + 1)
    const hasTag = ((this.image[at] ?? 0) & 2) !== 0
    return { text: text.text, tag: hasTag ? this.#counted(text.end).text : '' }
  }

  #counted(at: number): { text: string; end: number } {
    let length = 0
    let next = at
    for (let shift = 0; ; shift += 7) {
      const byte = this.image[next++] ?? 0
      length |= (byte & 127) << shift
      if (byte < 128) break
    }
    return { text: this.image.toString('utf8', next, next + length), end: next + length }
  }

  #section(name: string): Section {
    const section = this.#sections.find((one) => one.name === name)
    if (!section) throw new Error(`the program has no section ${name}`)
    return section
  }

  #u64(at: number): number {
    return Number(this.image.readBigUInt64LE(at))
  }
}

/** Sections that are loaded from the file. */
function sectionsOf(image: Buffer): Section[] {
  const u64 = (at: number): number => Number(image.readBigUInt64LE(at))
  const table = u64(0x28)
  const header = (index: number): number => table + index * 64
  const names = u64(header(image.readUInt16LE(0x3e)) + 24)
  const unbacked = 8
  return Array.from({ length: image.readUInt16LE(0x3c) }, (_, index) => header(index))
    .filter((at) => u64(at + 16) !== 0 && image.readUInt32LE(at + 4) !== unbacked)
    .map((at) => {
      const name = names + image.readUInt32LE(at)
      return {
        name: image.toString('latin1', name, image.indexOf(0, name)),
        address: u64(at + 16),
        offset: u64(at + 24),
        size: u64(at + 32),
      }
    })
}
