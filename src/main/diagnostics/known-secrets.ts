/** Shorter values, such as `1` or `true`, would take half of every text with them. */
export const shortestSecret = 6

/** Finds known values in texts. Its time grows with the text alone, however many values there are and however alike they are. */
export interface KnownSecrets {
  /** The first of them that begins at `from` or later and before `until`: the longest one there. */
  next(text: string, from: number, until: number): { at: number; end: number } | undefined
}

/** Values are looked for in pieces of this length, in characters; the last piece of one is up to twice as long. */
const pieceLength = 64

/**
 * A table of the hashes of their first characters says quickly where none begins; elsewhere they are looked up in order.
 * @param values of at least `shortestSecret` characters
 */
export function createKnownSecrets(values: Iterable<string>): KnownSecrets {
  const pieces = [...new Set([...values].flatMap(piecesOf))].sort()
  const shorter = shorterPieces(pieces)
  const begins = new Uint8Array(tableSize)
  for (const piece of pieces) begins[slotOf(hashAt(piece, 0))] = 1

  /** The length of the longest piece that begins there; 0 where none does. */
  const lengthAt = (text: string, at: number): number => {
    const window = text.slice(at, at + 2 * pieceLength)
    let [low, high] = [0, pieces.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((pieces[middle] ?? '') <= window) low = middle + 1
      else high = middle
    }
    // What begins the window comes before it in order, and begins whatever lies between the two.
    for (let index = low - 1; index >= 0; index = shorter[index] ?? -1) {
      const piece = pieces[index] ?? ''
      if (window.startsWith(piece)) return piece.length
    }
    return 0
  }

  return {
    next(text, from, until) {
      const last = Math.min(until, text.length - shortestSecret + 1)
      if (pieces.length === 0 || from >= last) return undefined
      let hash = hashAt(text, from)
      for (let at = from; at < last; at++) {
        if (begins[slotOf(hash)] === 1) {
          const length = lengthAt(text, at)
          if (length > 0) return { at, end: at + length }
        }
        hash = moved(hash, text.charCodeAt(at), text.charCodeAt(at + shortestSecret))
      }
      return undefined
    },
  }
}

function piecesOf(value: string): string[] {
  const pieces: string[] = []
  for (let at = 0; at < value.length;) {
    const end = value.length - at < 2 * pieceLength ? value.length : at + pieceLength
    pieces.push(value.slice(at, end))
    at = end
  }
  return pieces
}

/** For each of the sorted pieces the longest other one that it begins with; -1 where there is none. */
function shorterPieces(pieces: readonly string[]): Int32Array {
  const shorter = new Int32Array(pieces.length).fill(-1)
  for (let index = 1; index < pieces.length; index++) {
    let before = index - 1
    while (before >= 0 && !(pieces[index] ?? '').startsWith(pieces[before] ?? '')) before = shorter[before] ?? -1
    shorter[index] = before
  }
  return shorter
}

const tableSize = 2 ** 22
const factor = 0x01_00_01_93
const outgoing = Array.from({ length: shortestSecret }).reduce<number>((power) => Math.imul(power, factor), 1)
const slotOf = (hash: number): number => (hash ^ (hash >>> 15)) & (tableSize - 1)

/** Of the `shortestSecret` characters from there on. */
function hashAt(text: string, at: number): number {
  let hash = 0
  for (let index = at; index < at + shortestSecret; index++) hash = Math.imul(hash, factor) + text.charCodeAt(index)
  return hash | 0
}

const moved = (hash: number, gone: number, come: number): number =>
  (Math.imul(hash, factor) + come - Math.imul(gone, outgoing)) | 0
