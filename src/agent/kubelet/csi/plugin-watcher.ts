import { watch } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '#shared/base/clock.ts'
import type { Stop } from '#shared/base/disposable.ts'
import type { Log } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { unixService } from './grpc.ts'
import { registrationProto, type RegistrationCalls } from './protocol.ts'

export interface Plugin {
  type: string
  name: string
  /** Path of the socket that it serves on. */
  endpoint: string
  versions: readonly string[]
}

/** What is done with the plugins of one type. */
export interface PluginHandler {
  /** @throws Error that the plugin is told; the registration is then tried again */
  register(plugin: Plugin): Promise<void>
  /** The plugin's socket is gone. */
  deregister(plugin: Plugin): Promise<void>
}

export interface PluginWatcherOptions {
  /** `/var/lib/kubelet/plugins_registry` */
  folder: string
  /** By the type that plugins give: `CSIPlugin`. */
  handlers: Readonly<Record<string, PluginHandler>>
  clock: Clock
  log: Log
}

/** Delay before a registration that failed is tried again, ms; doubled up to the longest (kubelet: operation executor). */
const firstRetryMs = 500
const longestRetryMs = 120_000
const timeoutMs = 10_000

const registration = unixService<RegistrationCalls>(registrationProto, 'pluginregistration.Registration')

/**
 * Registers the plugins whose sockets are in the folder, and deregisters those whose sockets go (pkg/kubelet/pluginmanager).
 * @throws Error when the folder cannot be watched
 */
export async function watchPlugins({ folder, handlers, clock, log }: PluginWatcherOptions): Promise<Stop> {
  await mkdir(folder, { recursive: true, mode: 0o750 })
  const sockets = new Map<string, PluginSocket>()
  let stopped = false
  let scanning: Promise<void> | undefined
  let again = false

  async function scan(): Promise<void> {
    do {
      again = false
      const present = new Set<string>()
      for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }))
        if (entry.isSocket() && !entry.name.startsWith('.')) present.add(join(entry.parentPath, entry.name))
      for (const [path, socket] of sockets)
        if (!present.has(path)) {
          sockets.delete(path)
          socket.gone()
        }
      for (const path of present)
        if (!sockets.has(path)) sockets.set(path, followSocket(path, { handlers, clock, log }))
    } while (again && !stopped)
  }
  const look = (): void => {
    again = true
    scanning ??= scan()
      .catch((error: unknown) => log.warn('plugins cannot be listed', { error: messageOf(error) }))
      .finally(() => (scanning = undefined))
  }
  const watcher = watch(folder, { recursive: false }, look)
  watcher.on('error', (error) => log.warn('plugins are no longer watched', { error: messageOf(error) }))
  look()
  return async () => {
    stopped = true
    watcher.close()
    for (const socket of sockets.values()) socket.stop()
    await scanning
  }
}

interface PluginSocket {
  gone(): void
  /** Leaves the plugin registered: the agent ends, the plugin goes on. */
  stop(): void
}

function followSocket(
  path: string,
  { handlers, clock, log }: Pick<PluginWatcherOptions, 'handlers' | 'clock' | 'log'>,
): PluginSocket {
  let state: 'waiting' | 'gone' | 'stopped' = 'waiting'
  let plugin: Plugin | undefined
  let cancel: Stop = () => undefined

  async function attempt(delayMs: number): Promise<void> {
    try {
      const info = await registration.call(path, 'GetInfo', {}, timeoutMs)
      const found = {
        type: info.type,
        name: info.name,
        endpoint: info.endpoint || path,
        versions: info.supported_versions,
      }
      const error = await registered(found).then(
        () => '',
        (failure: unknown) => messageOf(failure) || 'it failed',
      )
      await registration.call(path, 'NotifyRegistrationStatus', { plugin_registered: error === '', error }, timeoutMs)
      if (error) throw new Error(`${found.name}: ${error}`)
    } catch (error) {
      if (state !== 'waiting') return
      if (delayMs === firstRetryMs)
        log.warn('a plugin is not registered yet', { socket: path, error: messageOf(error) })
      cancel = clock.after(delayMs, () => void attempt(Math.min(delayMs * 2, longestRetryMs)))
    }
  }
  async function registered(found: Plugin): Promise<void> {
    const handler = handlers[found.type]
    if (!handler) throw new Error(`no handler registered for plugin type: ${found.type} at socket ${path}`)
    plugin = found
    await handler.register(found)
    if (state === 'gone') await leave()
  }
  async function leave(): Promise<void> {
    if (!plugin) return
    await handlers[plugin.type]
      ?.deregister(plugin)
      .catch((error: unknown) => log.warn('a plugin is not deregistered', { socket: path, error: messageOf(error) }))
  }
  void attempt(firstRetryMs)
  return {
    gone() {
      state = 'gone'
      void cancel()
      void leave()
    },
    stop() {
      state = 'stopped'
      void cancel()
    },
  }
}
