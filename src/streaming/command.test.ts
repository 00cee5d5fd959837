import { duplexPair, PassThrough, type Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { channels, decodeJson, encodeFrame, encodeJsonFrame, FrameDecoder } from '#shared/kube/stream-frames.ts'
import { joinCommand } from './command.ts'
import { streamsOf, type CommandClient, type CommandStatus } from './command-client.ts'

function setUp() {
  const [near, far] = duplexPair()
  const stdin = new PassThrough()
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  let finished: (status: CommandStatus) => void = () => undefined
  const status = new Promise<CommandStatus>((resolve) => (finished = resolve))
  let resize: Parameters<CommandClient['onResize']>[0] = () => undefined
  let leave: () => void = () => undefined
  joinCommand(
    {
      stdin,
      stdout,
      stderr,
      onResize: (listener) => (resize = listener),
      finish(result) {
        stdout.end()
        stderr.end()
        finished(result)
      },
      onClose: (listener) => (leave = listener),
    },
    near,
  )
  return {
    node: far,
    stdin,
    stdout,
    stderr,
    status,
    resize: () => resize({ Width: 1, Height: 2 }),
    leave: () => leave(),
    near,
  }
}

async function framesOf(node: Duplex, count: number): Promise<[number, string][]> {
  const decoder = new FrameDecoder()
  const frames: [number, string][] = []
  for await (const chunk of node.iterator({ destroyOnReturn: false })) {
    for (const { channel, payload } of decoder.push(chunk as Buffer))
      frames.push([channel, Buffer.from(payload).toString()])
    if (frames.length >= count) break
  }
  return frames
}

const success: CommandStatus = { metadata: {}, status: 'Success' }

describe('a joined command', () => {
  it('passes outputs and status from the node to the client', async () => {
    const { node, stdout, stderr, status } = setUp()
    node.write(encodeFrame(channels.stdout, Buffer.from('out')))
    node.write(encodeFrame(channels.stderr, Buffer.from('err')))
    node.write(encodeJsonFrame(channels.error, success))
    expect(await status).toEqual(success)
    expect([await text(stdout), await text(stderr)]).toEqual(['out', 'err'])
  })

  it('passes input, its end and terminal sizes from the client to the node', async () => {
    const { node, stdin, resize } = setUp()
    resize()
    stdin.write('typed')
    const frames = await framesOf(node, 2)
    expect(frames).toEqual([
      [channels.resize, '{"Width":1,"Height":2}'],
      [channels.stdin, 'typed'],
    ])
    stdin.end()
    expect(await framesOf(node, 1)).toEqual([[channels.close, '\0']])
  })

  it('fails when the node disconnects', async () => {
    const { node, status } = setUp()
    node.end()
    expect(await status).toMatchObject({ status: 'Failure', reason: 'InternalError' })
  })

  it('is ended on the node when the client disconnects', () => {
    const { near, leave } = setUp()
    leave()
    expect(near.destroyed).toBe(true)
  })

  it('passes the status on unparsed', () => {
    const [frame] = new FrameDecoder().push(encodeJsonFrame(channels.error, success))
    expect(decodeJson(frame?.payload ?? new Uint8Array())).toEqual(success)
  })
})

describe('the options of a command', () => {
  it('merge both outputs on a terminal', () => {
    expect(streamsOf(new URLSearchParams('stdout=true&stderr=1&tty=true'))).toEqual({
      stdin: false,
      stdout: true,
      stderr: false,
      tty: true,
    })
  })
})
