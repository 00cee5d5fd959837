import { expect, it } from 'vitest'
import { createDatagramReader, frameDatagram } from './datagrams.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

it.each([1, 2, 3, 1_000])('finds datagrams again in pieces of %d bytes', (size) => {
  const sent = ['one', '', 'x'.repeat(600), 'last']
  const stream = Uint8Array.from(sent.flatMap((text) => [...frameDatagram(bytes(text))]))
  const got: string[] = []
  const read = createDatagramReader((content) => got.push(new TextDecoder().decode(content)))
  for (let at = 0; at < stream.length; at += size) read(stream.subarray(at, at + size))
  expect(got).toEqual(sent)
})

it('refuses what no datagram holds', () => {
  expect(() => frameDatagram(new Uint8Array(65_508))).toThrow(RangeError)
})
