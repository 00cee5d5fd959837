/** Minimal protobuf writer. A message's length precedes its content, so nested messages are written first. */
export class ProtobufWriter {
  readonly #parts: Uint8Array[] = []
  #length = 0

  string(field: number, value: string | undefined): void {
    if (value !== undefined && value !== '') this.#delimited(field, Buffer.from(value))
  }

  strings(field: number, values: readonly string[] | undefined): void {
    for (const value of values ?? []) this.#delimited(field, Buffer.from(value))
  }

  bool(field: number, value: boolean | undefined): void {
    if (!value) return
    this.#varint(field << 3)
    this.#varint(1)
  }

  integer(field: number, value: number | undefined): void {
    if (value === undefined || value === 0) return
    this.#varint(field << 3)
    this.#varint(value)
  }

  /** Writes a 64-bit integer; negative numbers in two's complement. Zero is written too. */
  signed(field: number, value: number | bigint): void {
    this.#varint(field << 3)
    if (value >= 0 && typeof value === 'number') this.#varint(value)
    else this.#bigVarint(BigInt.asUintN(64, BigInt(value)))
  }

  /** Writes a boolean; false is written too. */
  flag(field: number, value: boolean): void {
    this.#varint(field << 3)
    this.#varint(value ? 1 : 0)
  }

  /** Writes a string; an empty one is written too. */
  text(field: number, value: string): void {
    this.#delimited(field, Buffer.from(value))
  }

  bytes(field: number, value: Uint8Array): void {
    this.#delimited(field, value)
  }

  /** Writes a double; zero is written too. */
  double(field: number, value: number): void {
    this.#varint((field << 3) | 1)
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleLE(value)
    this.#push(bytes)
  }

  message(field: number, write: (writer: ProtobufWriter) => void): void {
    const inner = new ProtobufWriter()
    write(inner)
    this.#varint((field << 3) | 2)
    this.#varint(inner.#length)
    for (const part of inner.#parts) this.#push(part)
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts, this.#length)
  }

  #delimited(field: number, bytes: Uint8Array): void {
    this.#varint((field << 3) | 2)
    this.#varint(bytes.length)
    this.#push(bytes)
  }

  #varint(value: number): void {
    const bytes: number[] = []
    let rest = value
    while (rest > 127) {
      bytes.push((rest % 128) | 128)
      rest = Math.floor(rest / 128)
    }
    bytes.push(rest)
    this.#push(Uint8Array.from(bytes))
  }

  #bigVarint(value: bigint): void {
    const bytes: number[] = []
    let rest = value
    while (rest > 127n) {
      bytes.push(Number(rest & 127n) | 128)
      rest >>= 7n
    }
    bytes.push(Number(rest))
    this.#push(Uint8Array.from(bytes))
  }

  #push(bytes: Uint8Array): void {
    this.#parts.push(bytes)
    this.#length += bytes.length
  }
}
