import { PassThrough, type Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { largestSummary, tunnelStats } from './tunnel-stats.ts'

const time = '2026-01-01T00:00:00Z'
const valid = {
  node: { nodeName: 'w1', startTime: time, cpu: { time, usageCoreNanoSeconds: 5e9 }, secret: 'dropped' },
  pods: [
    {
      podRef: { name: 'web', namespace: 'default', uid: 'u' },
      startTime: time,
      containers: [{ name: 'main', startTime: time, memory: { time, workingSetBytes: 1024 } }],
      network: { time, name: 'eth0', rxBytes: 1, txBytes: 2 },
    },
  ],
}

function streamOf(...chunks: string[]): Duplex {
  const stream = new PassThrough()
  for (const chunk of chunks) stream.write(chunk)
  stream.end()
  return stream
}
const ask = (stream: Duplex, status = 200, signal = new AbortController().signal) =>
  tunnelStats({ request: () => Promise.resolve({ status, stream }) }).summary('w1', signal)

describe('the usage of a Docker worker', () => {
  it('is read from its kubelet API, without unknown fields', async () => {
    let asked = ''
    const source = tunnelStats({
      request: (node, { method, path }) => {
        asked = `${node} ${method} ${path}`
        return Promise.resolve({ status: 200, stream: streamOf(JSON.stringify(valid)) })
      },
    })
    const { node, pods } = valid
    const { secret: _, ...known } = node
    expect(await source.summary('w1', new AbortController().signal)).toEqual({ node: known, pods })
    expect(asked).toBe('w1 GET /stats/summary?only_cpu_and_memory=false')
  })

  it('is unknown where the agent has no such path', async () => expect(await ask(streamOf(), 404)).toBeUndefined())

  it.each([
    ['another status', streamOf('{}'), 500, 'answered 500'],
    ['no JSON', streamOf('<html>'), 200, 'JSON'],
    ['another document', streamOf('{"node":[]}'), 200, 'not a summary: node'],
    ['null', streamOf('null'), 200, 'not a summary'],
    ['a negative amount', streamOf(JSON.stringify(valid).replace('1024', '-1')), 200, 'not a summary'],
    ['an infinite amount', streamOf(JSON.stringify(valid).replace('1024', '1e999')), 200, 'not a summary'],
    ['text as an amount', streamOf(JSON.stringify(valid).replace('1024', '"1024"')), 200, 'not a summary'],
  ])('is refused: %s', async (_, stream, status, message) => {
    await expect(ask(stream, status)).rejects.toThrow(message)
    expect(stream.destroyed).toBe(true)
  })

  it('is refused when the answer is too large, without reading the rest', async () => {
    const stream = new PassThrough()
    let sent = 0
    const more = (): void => {
      while (!stream.destroyed && stream.write(Buffer.alloc(65_536, ' '))) sent += 65_536
    }
    stream.on('drain', more)
    more()
    await expect(ask(stream)).rejects.toThrow('exceeds')
    expect(stream.destroyed).toBe(true)
    expect(sent).toBeLessThan(largestSummary * 2)
  })

  it('ends with the signal, before and after the head of the answer', async () => {
    const abort = new AbortController()
    const silent = new PassThrough()
    const reading = expect(ask(silent, 200, abort.signal)).rejects.toThrow('too slow')
    const late = Promise.withResolvers<{ status: number; stream: Duplex }>()
    const waiting = expect(tunnelStats({ request: () => late.promise }).summary('w1', abort.signal)).rejects.toThrow(
      'too slow',
    )
    await new Promise((resolve) => setImmediate(resolve))
    abort.abort(new Error('too slow'))
    await Promise.all([reading, waiting])
    expect(silent.destroyed).toBe(true)
    const tardy = new PassThrough()
    late.resolve({ status: 200, stream: tardy })
    await new Promise((resolve) => setImmediate(resolve))
    expect(tardy.destroyed).toBe(true)
  })
})
