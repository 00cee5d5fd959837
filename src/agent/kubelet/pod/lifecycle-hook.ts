import { request } from 'node:http'
import { request as secureRequest } from 'node:https'
import { sleep, type Clock } from '#shared/base/clock.ts'
import type { Container, HTTPGetAction, LifecycleHandler } from '#shared/kube/generated/types.ts'
import { dialTarget } from '../pod-host.ts'
import { portOf } from '../probes.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { execInContainer } from './container-exec.ts'

export interface HookOptions {
  runtime: Pick<Runtime, 'exec'>
  clock: Clock
  container: Container
  /** Id of the attempt that the hook belongs to. */
  containerId: string
  podIp: string
  /** Whether the pod shares the worker's network. */
  hostNetwork: boolean
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

async function handle({ exec, httpGet, sleep: pause }: LifecycleHandler, options: HookOptions): Promise<void> {
  const { clock, containerId, timeoutMs, signal } = options
  if (exec) {
    const { code, output } = await execInContainer(options, containerId, exec.command ?? [], timeoutMs)
    if (code !== 0) throw new Error(`hook ended with exit code ${code}: ${output.trim()}`)
  } else if (httpGet) await callHttp(httpGet, options)
  else if (pause) await sleep(clock, Math.min(timeoutMs, (pause.seconds ?? 0) * 1_000), signal).catch(() => undefined)
}

/** An HTTPS hook whose server speaks plain HTTP is called again by HTTP, without its credentials (kubelet: handlers.go). */
async function callHttp(action: HTTPGetAction, options: HookOptions): Promise<void> {
  try {
    await call(action, options)
  } catch (error) {
    if (action.scheme !== 'HTTPS' || !isPlainHttpAnswer(error)) throw error
    const httpHeaders = action.httpHeaders?.filter(({ name }) => name.toLowerCase() !== 'authorization')
    await call({ ...action, scheme: 'HTTP', ...(httpHeaders ? { httpHeaders } : {}) }, options)
  }
}

/** OpenSSL's words for a record that is none. */
const isPlainHttpAnswer = (error: unknown): boolean =>
  error instanceof Error && /wrong version number|packet length too long/.test(error.message)

/** Any answer is a success, whatever its status; redirects are not followed. @throws Error when there is no answer */
async function call(action: HTTPGetAction, options: HookOptions): Promise<void> {
  const { clock, container, podIp, hostNetwork, timeoutMs, signal } = options
  const { path = '/', scheme = 'HTTP', httpHeaders = [] } = action
  const { host, lookup } = dialTarget({ host: action.host, podIp, hostNetwork })
  const port = portOf(container, action.port)
  const isSecure = scheme === 'HTTPS'
  const headers = Object.fromEntries(httpHeaders.map(({ name, value }) => [name.toLowerCase(), value]))
  await new Promise<void>((resolve, reject) => {
    const outgoing = (isSecure ? secureRequest : request)({
      host,
      port,
      path,
      headers: { 'user-agent': 'kube-lifecycle/1.36', accept: '*/*', ...headers },
      agent: false,
      signal,
      ...(lookup ? { lookup } : {}),
      ...(isSecure ? { rejectUnauthorized: false } : {}),
    })
    const cancel = clock.after(timeoutMs, () => outgoing.destroy(new Error('context deadline exceeded')))
    outgoing.on('response', (response) => {
      response.destroy()
      resolve()
    })
    outgoing.on('error', (error) => {
      const url = `${scheme.toLowerCase()}://${host}:${port}${path}`
      reject(new Error(`Get "${url}": ${error.message}`))
    })
    outgoing.on('close', () => void cancel())
    outgoing.end()
  })
}
