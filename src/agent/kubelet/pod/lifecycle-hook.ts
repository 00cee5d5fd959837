import { sleep, type Clock } from '#shared/base/clock.ts'
import type { Container, LifecycleHandler } from '#shared/kube/generated/types.ts'
import { httpProbe, portOf } from '../probes.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { execInContainer } from './container-exec.ts'

export interface HookOptions {
  runtime: Runtime
  clock: Clock
  container: Container
  /** Id of the attempt that the hook belongs to. */
  containerId: string
  podIp: string
  timeoutMs: number
  /** Gives the hook up: it then counts as done. */
  signal: AbortSignal
}

/** Runs a postStart or preStop hook. @throws Error when it fails */
export async function runHook(hook: LifecycleHandler, options: HookOptions): Promise<void> {
  const { signal } = options
  if (signal.aborted) return
  let giveUp: () => void = () => undefined
  const givenUp = new Promise<void>((resolve) => (giveUp = resolve))
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    await Promise.race([handle(hook, options), givenUp])
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

async function handle(
  { exec, httpGet, sleep: pause }: LifecycleHandler,
  { runtime, clock, container, containerId, podIp, timeoutMs, signal }: HookOptions,
): Promise<void> {
  if (exec) {
    const { code, output } = await execInContainer({ runtime, clock }, containerId, exec.command ?? [], timeoutMs)
    if (code !== 0) throw new Error(`hook ended with exit code ${code}: ${output.trim()}`)
  } else if (httpGet) {
    const { ok, message } = await httpProbe(httpGet, portOf(container, httpGet.port), podIp, timeoutMs)
    if (!ok) throw new Error(message)
  } else if (pause) {
    await sleep(clock, Math.min(timeoutMs, (pause.seconds ?? 0) * 1_000), signal).catch(() => undefined)
  }
}
