/**
 * Frames of an exec or attach stream between the API server and a node: `[u8 channel][u32 BE length][payload]`.
 * The channels are those of Kubernetes' WebSocket protocol `v5.channel.k8s.io`.
 */
export interface Frame {
  channel: number
  payload: Uint8Array
}

export const channels = {
  stdin: 0,
  stdout: 1,
  stderr: 2,
  /** A `Status` as JSON: the result of the command. */
  error: 3,
  /** A terminal size as JSON: `{"Width":80,"Height":24}`. */
  resize: 4,
  /** Closes the channel named by the one byte of the payload. */
  close: 255,
} as const

/** A `TerminalSize` of the resize channel, field names as on the wire. */
export interface TerminalSize {
  Width: number
  Height: number
}

const headerLength = 5
const maxPayload = 16 * 1024 * 1024

export function encodeFrame(channel: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(headerLength + payload.length)
  frame[0] = channel
  new DataView(frame.buffer).setUint32(1, payload.length)
  frame.set(payload, headerLength)
  return frame
}

/** A frame with a JSON payload: the error and resize channels. */
export const encodeJsonFrame = (channel: number, value: unknown): Uint8Array =>
  encodeFrame(channel, new TextEncoder().encode(JSON.stringify(value)))

/** A frame that closes `channel`. */
export const encodeCloseFrame = (channel: number): Uint8Array => encodeFrame(channels.close, Uint8Array.of(channel))

/** Splits a byte stream into frames. */
export class FrameDecoder {
  #pending: Uint8Array[] = []
  #length = 0

  /**
   * Takes the next piece. Payloads may share its memory.
   * @returns the frames that are now complete. @throws Error when a frame claims more than 16 MiB
   */
  push(chunk: Uint8Array): Frame[] {
    this.#pending.push(chunk)
    this.#length += chunk.length
    // Joining on every piece of a large frame would copy it repeatedly.
    if (this.#length < this.#wanted()) return []
    const bytes = this.#join()
    const frames: Frame[] = []
    let at = 0
    for (;;) {
      const end = at + headerLength + payloadLength(bytes, at)
      if (end > bytes.length) break
      frames.push({ channel: bytes[at] ?? 0, payload: bytes.subarray(at + headerLength, end) })
      at = end
    }
    this.#keep(bytes.subarray(at))
    return frames
  }

  /** Whether the stream may end here: no frame is incomplete. */
  get isComplete(): boolean {
    return this.#length === 0
  }

  /** Bytes needed to complete the first pending frame. */
  #wanted(): number {
    const first = this.#pending[0]
    return first && first.length >= headerLength ? headerLength + payloadLength(first, 0) : headerLength
  }

  #join(): Uint8Array {
    const [first] = this.#pending
    if (first && this.#pending.length === 1) return first
    const bytes = new Uint8Array(this.#length)
    let at = 0
    for (const piece of this.#pending) {
      bytes.set(piece, at)
      at += piece.length
    }
    return bytes
  }

  #keep(rest: Uint8Array): void {
    this.#pending = rest.length > 0 ? [rest] : []
    this.#length = rest.length
  }
}

/** Payload length of the frame at `at`; infinite while its header is incomplete. */
function payloadLength(bytes: Uint8Array, at: number): number {
  if (bytes.length - at < headerLength) return Infinity
  const length = new DataView(bytes.buffer, bytes.byteOffset + at + 1, 4).getUint32(0)
  if (length > maxPayload) throw new Error(`a stream frame claims ${length} bytes`)
  return length
}

/** The JSON of an error or resize frame. @throws SyntaxError */
export const decodeJson = (payload: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(payload)) as unknown
