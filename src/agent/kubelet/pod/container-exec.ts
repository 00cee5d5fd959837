import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Runtime } from '../runtime/runtime.ts'

/** How much of a command's output is kept, in characters. */
const keptOutput = 10_000

/**
 * Runs a command in a container to its end, for probes and hooks.
 * @returns its exit code and the beginning of its output @throws Error after `timeoutMs`
 */
export async function execInContainer(
  { runtime, clock }: { runtime: Pick<Runtime, 'exec'>; clock: Clock },
  containerId: string,
  command: readonly string[],
  timeoutMs: number,
): Promise<{ code: number; output: string }> {
  const session = await runtime.exec(containerId, command, { stdin: false, tty: false })
  let output = ''
  for (const stream of [session.stdout, session.stderr])
    stream.on('data', (chunk: Buffer) => {
      if (output.length < keptOutput) output += chunk.toString('utf8')
    })
  let cancel: Stop = () => undefined
  const timedOut = new Promise<never>((_resolve, reject) => {
    cancel = clock.after(timeoutMs, () => reject(new Error(`command timed out: ${command.join(' ')}`)))
  })
  try {
    const { code, failure } = await Promise.race([session.exit(), timedOut])
    return { code, output: failure ?? output }
  } finally {
    void cancel()
    session.end()
  }
}
