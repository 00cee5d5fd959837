import { describe, expect, it } from 'vitest'
import { channels, decodeJson, encodeCloseFrame, encodeFrame, encodeJsonFrame, FrameDecoder } from './stream-frames.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (payload: Uint8Array): string => new TextDecoder().decode(payload)

const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]))

describe('stream frames', () => {
  it('encodes a frame as channel, length and payload', () => {
    expect([...encodeFrame(channels.stdout, bytes('hi'))]).toEqual([1, 0, 0, 0, 2, 104, 105])
  })

  it('decodes frames in order, also several in one piece and empty ones', () => {
    const stream = join(encodeFrame(1, bytes('one')), encodeFrame(0, bytes('')), encodeFrame(2, bytes('two')))
    const frames = new FrameDecoder().push(stream).map(({ channel, payload }) => [channel, text(payload)])
    expect(frames).toEqual([
      [1, 'one'],
      [0, ''],
      [2, 'two'],
    ])
  })

  it.each([1, 2, 3, 4, 5, 7, 11])('decodes frames from pieces of %i bytes', (size) => {
    const decoder = new FrameDecoder()
    const stream = join(encodeFrame(1, bytes('hello')), encodeFrame(2, bytes('a longer payload than the rest')))
    const frames: string[] = []
    for (let at = 0; at < stream.length; at += size) {
      // A view into a larger buffer, as sockets provide.
      for (const { payload } of decoder.push(stream.subarray(at, at + size))) frames.push(text(payload))
    }
    expect(frames).toEqual(['hello', 'a longer payload than the rest'])
    expect(decoder.isComplete).toBe(true)
  })

  it('reports an incomplete frame', () => {
    const decoder = new FrameDecoder()
    expect(decoder.push(encodeFrame(1, bytes('cut')).subarray(0, 7))).toEqual([])
    expect(decoder.isComplete).toBe(false)
  })

  it('rejects an excessive length', () => {
    expect(() => new FrameDecoder().push(bytes('GET / HTTP/1.1\r\n'))).toThrow('a stream frame claims')
  })

  it('encodes JSON and the end of a channel', () => {
    const [size, end] = new FrameDecoder().push(
      join(encodeJsonFrame(channels.resize, { Width: 80, Height: 24 }), encodeCloseFrame(channels.stdin)),
    )
    expect(size?.channel).toBe(channels.resize)
    expect(decodeJson(size?.payload ?? bytes(''))).toEqual({ Width: 80, Height: 24 })
    expect(end).toEqual({ channel: 255, payload: Uint8Array.of(0) })
  })
})
