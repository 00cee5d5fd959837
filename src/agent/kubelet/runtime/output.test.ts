import { createServer, connect, type AddressInfo } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { joinOutput, splitOutput } from './output.ts'

function frame(stream: number, payload: string | Buffer): Buffer {
  const body = Buffer.from(payload)
  const header = Buffer.alloc(8)
  header[0] = stream
  header.writeUInt32BE(body.length, 4)
  return Buffer.concat([header, body])
}

test('stdout and stderr are separated, however the bytes are split', async () => {
  const bytes = Buffer.concat([frame(1, 'one '), frame(2, 'err '), frame(1, ''), frame(1, 'two'), frame(2, 'or')])
  for (const size of [1, 3, 8, 9, 1_000]) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
      bytes.subarray(index * size, (index + 1) * size),
    )
    const { stdout, stderr } = splitOutput(Readable.from(pieces, { objectMode: false }), { tty: false })
    expect(await Promise.all([text(stdout), text(stderr)])).toEqual(['one two', 'err or'])
  }
})

test('a terminal has one unframed output', async () => {
  const { stdout, stderr } = splitOutput(Readable.from([Buffer.from('\x01\x00plain')]), { tty: true })
  expect(await Promise.all([text(stdout), text(stderr)])).toEqual(['\x01\x00plain', ''])
})

test('output written before the connection closed is delivered completely, also to a slow reader', async () => {
  const lines = Array.from({ length: 5_000 }, (_, index) => `line ${index}\n`)
  const server = createServer((socket) => socket.end(Buffer.concat(lines.map((line) => frame(1, line)))))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const source = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const { stdout } = splitOutput(source, { tty: false })
  let read = ''
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    read += chunk.toString()
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  expect(read).toBe(lines.join(''))
  server.close()
})

test('an unread output pauses the source', async () => {
  let made = 0
  const source = new Readable({
    read() {
      made += 64 * 1024
      this.push(frame(1, Buffer.alloc(64 * 1024)))
    },
  })
  splitOutput(source, { tty: false })
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(made).toBeLessThan(512 * 1024)
})

test('a source that fails ends its outputs', async () => {
  const source = new PassThrough()
  const { stdout } = splitOutput(source, { tty: false })
  source.write(frame(1, 'begun'))
  setImmediate(() => source.destroy(new Error('the engine has disconnected')))
  expect(await text(stdout)).toBe('begun')
  const other = new PassThrough()
  const joined = joinOutput(other, false)
  other.write(frame(2, 'begun'))
  setImmediate(() => other.destroy(new Error('the engine has disconnected')))
  await expect(text(joined)).rejects.toThrow('the engine has disconnected')
})

test('closing a joined output closes its source', async () => {
  const source = new PassThrough()
  joinOutput(source, false).destroy()
  await expect.poll(() => source.destroyed).toBe(true)
})
