/** What a Secret or ConfigMap holds under a key. */
export interface DataValue {
  key: string
  bytes: Uint8Array<ArrayBuffer>
  /** Unset for what is not text. */
  text: string | undefined
}

/** The values of an object, by key. @param base64 whether `data` is, as in Secrets; `binaryData` always is */
export function valuesOf(
  { data = {}, binaryData = {} }: { data?: Record<string, string>; binaryData?: Record<string, string> },
  base64: boolean,
): DataValue[] {
  const encode = new TextEncoder()
  return [
    ...Object.entries(data).map(([key, value]) => {
      const bytes = base64 ? decodeBytes(value) : encode.encode(value)
      return { key, bytes, text: base64 ? textOfBytes(bytes) : value }
    }),
    ...Object.entries(binaryData).map(([key, value]) => {
      const bytes = decodeBytes(value)
      return { key, bytes, text: textOfBytes(bytes) }
    }),
  ].sort((a, b) => a.key.localeCompare(b.key))
}

/** @returns no bytes for what is not base64 */
export function decodeBytes(base64: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  } catch {
    return new Uint8Array()
  }
}

/** The bytes as text; undefined where they are not UTF-8, or hold a NUL, as no text does. */
export function textOfBytes(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** As `hexdump -C` prints it, but eight bytes a line, which fit beside their text; up to 32 lines. */
export function hexOf(bytes: Uint8Array, lines = 32): string {
  const rows: string[] = []
  for (let at = 0; at < bytes.length && rows.length < lines; at += 8) {
    const row = [...bytes.subarray(at, at + 8)]
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
    const text = row.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('')
    rows.push(`${at.toString(16).padStart(8, '0')}  ${hex.padEnd(23)}  ${text}`)
  }
  return rows.join('\n')
}
