import { PassThrough, type Duplex, type Readable, type Writable } from 'node:stream'

/** Header of each frame: stream number, three zero bytes, four bytes of length. */
const headerLength = 8
const stderrStream = 2

export interface Output {
  stdout: PassThrough
  stderr: PassThrough
}

/**
 * Demultiplexes a stream of the engine: output of a process without a terminal comes in frames of stdout and stderr.
 * Reads at the pace of the slower output, so that unread output is not buffered.
 * @param options.onOutput called with every piece before it is passed on
 */
export function splitOutput(
  source: Duplex | Readable,
  { tty, onOutput }: { tty: boolean; onOutput?(piece: Buffer): void },
): Output {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const end = (): void => {
    stdout.end()
    stderr.end()
  }
  source.on('error', () => undefined)
  takeApart(source, {
    tty,
    ...(onOutput ? { onOutput } : {}),
    to: (stream) => (stream === stderrStream ? stderr : stdout),
  })
    .catch(() => undefined)
    .finally(end)
  return { stdout, stderr }
}

/** Both outputs for one reader, in the order of arrival; closing it closes the source. */
export function joinOutput(source: Readable, tty: boolean): Readable {
  const out = new PassThrough()
  out.once('close', () => source.destroy())
  takeApart(source, { tty, to: () => out }).then(
    () => out.end(),
    (error: unknown) => out.destroy(error instanceof Error ? error : new Error(String(error))),
  )
  return out
}

async function takeApart(
  source: Readable,
  { tty, to, onOutput }: { tty: boolean; to(stream: number): Writable; onOutput?(piece: Buffer): void },
): Promise<void> {
  const header = Buffer.alloc(headerLength)
  let headerBytes = 0
  let left = 0
  const pass = async (piece: Buffer): Promise<void> => {
    onOutput?.(piece)
    await write(to(tty ? 0 : (header[0] ?? 0)), piece)
  }
  // The input of the process stays open when its output ends.
  for await (const chunk of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    if (tty) {
      await pass(chunk)
      continue
    }
    for (let at = 0; at < chunk.length;) {
      if (left === 0) {
        const copied = chunk.copy(header, headerBytes, at, at + headerLength - headerBytes)
        headerBytes = (headerBytes + copied) % headerLength
        at += copied
        if (headerBytes === 0) left = header.readUInt32BE(4)
        continue
      }
      const piece = chunk.subarray(at, at + left)
      at += piece.length
      left -= piece.length
      await pass(piece)
    }
  }
}

/** Waits until the target accepts more or is closed; a closed target gets nothing. */
export async function write(target: Writable, piece: Buffer): Promise<void> {
  if (target.destroyed || target.writableEnded || target.write(piece)) return
  await new Promise<void>((resolve) => {
    const done = (): void => {
      target.off('drain', done)
      target.off('close', done)
      resolve()
    }
    target.on('drain', done)
    target.on('close', done)
  })
}
