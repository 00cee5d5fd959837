import { onScopeDispose, ref, shallowRef, watch } from 'vue'
import { systemClock } from '#shared/base/clock.ts'
import { silentLog } from '#shared/base/log.ts'
import { messageOf } from '#shared/base/message-of.ts'
import { createInformer, type Informer } from '#shared/client/informer.ts'
import type { TerminalInput, TerminalOutput } from '#shared/contract/kube.ts'
import type { Pod } from '#shared/kube/generated/types.ts'
import type { Stored } from '#shared/kube/object.ts'
import { pods } from '#shared/kube/resources.ts'
import { useApi } from '../../api/index.ts'
import { openStream, type OpenStream } from '../../api/stream.ts'
import { t } from '../../texts/index.ts'
import { newName, untilRunning } from './debug-container.ts'
import { nodeShellContainer, nodeShellNamespace, nodeShellPod, removeNodeShell } from './node-shell.ts'
import { lacksShell, shellCommand, type PaneSpec } from './pane.ts'
import { successorOf } from './successor.ts'

/**
 * `gone`: the pod no longer exists; `lost`: the connection broke off; `no-shell`: the container has no such program;
 * `ended`: the program has, or it could not be started.
 */
export type SessionState = 'starting' | 'open' | 'ended' | 'lost' | 'no-shell' | 'gone'

export interface SessionOptions {
  pane(): PaneSpec
  write(text: string): Promise<void>
}

/** Time between two looks for the pod that follows one that is gone, ms. */
const lookInterval = 1_500

/** The program behind a pane: opened, ended, opened anew, and its pod watched. */
export function useSession({ pane, write }: SessionOptions) {
  const api = useApi()
  const { context, namespace = '', uid } = pane().target
  const { client } = api.cluster(context)
  const state = ref<SessionState>('starting')
  /** What a session that is starting waits for, or why it ended. */
  const note = ref('')
  const pod = shallowRef<Stored<Pod>>()
  const successor = shallowRef<Stored<Pod>>()
  let stream: OpenStream<TerminalInput> | undefined
  let size = { columns: 80, rows: 24 }
  /** Aborted when another session begins. */
  let attempt = new AbortController()
  /** Name of the node shell's pod, once there is one. */
  let nodePod: string | undefined
  let informer: Informer<Pod> | undefined
  let looking: ReturnType<typeof setInterval> | undefined

  async function start(): Promise<void> {
    attempt.abort()
    stream?.close()
    attempt = new AbortController()
    const { signal } = attempt
    state.value = 'starting'
    note.value = ''
    try {
      await (pane().mode === 'node' ? openNode(signal) : openPod(signal))
    } catch (error) {
      if (!signal.aborted) end(messageOf(error))
    }
  }

  async function openPod(signal: AbortSignal): Promise<void> {
    const { mode, container, shell, target } = pane()
    const place = { context, namespace, pod: target.name, container }
    // Users may open a shell and not be allowed to read the pod.
    const found = await client.get(pods, { namespace, name: target.name }).catch(() => undefined)
    signal.throwIfAborted()
    if (found && found.metadata.uid !== uid) {
      becomeGone()
      return
    }
    pod.value = found ?? pod.value
    if (mode === 'shell') {
      connect(
        openStream(api.back.kube.exec, { ...place, command: shellCommand(shell), tty: true }, output(signal)),
        signal,
      )
      return
    }
    const ready = await untilRunning(client, { namespace, name: target.name }, container, { signal, onWait: tellWait })
    if (!ready) {
      end(t('dock.terminal.endedBefore', { container }))
      return
    }
    pod.value = ready
    const tty = mode === 'debug' || hasTty(ready, container)
    await write(`\x1b[2m${t('dock.terminal.attached', { container })}\x1b[0m\r\n`)
    connect(openStream(api.back.kube.attach, { ...place, tty }, output(signal)), signal)
    redraw()
  }

  async function openNode(signal: AbortSignal): Promise<void> {
    const { target, image = '', shell } = pane()
    if (nodePod === undefined) {
      const name = newName(`node-debugger-${target.name}`.slice(0, 240))
      nodePod = name
      await client.create(pods, nodeShellPod(target.name, name, image))
      if (signal.aborted) await removeNode()
    }
    const place = { namespace: nodeShellNamespace, name: nodePod }
    const ready = await untilRunning(client, place, nodeShellContainer, { signal, onWait: tellWait })
    if (!ready) {
      end(t('dock.terminal.endedBefore', { container: nodeShellContainer }))
      return
    }
    await write(`\x1b[2m${t('dock.terminal.nodeHint', { node: target.name })}\x1b[0m\r\n`)
    const open = {
      context,
      namespace: nodeShellNamespace,
      pod: nodePod,
      container: nodeShellContainer,
      tty: true,
      ownPod: true,
    }
    connect(openStream(api.back.kube.exec, { ...open, command: shellCommand(shell) }, output(signal)), signal)
  }

  function connect(opened: OpenStream<TerminalInput>, signal: AbortSignal): void {
    stream = opened
    state.value = 'open'
    note.value = ''
    opened.send({ resize: size })
    opened.done.then(
      () => !signal.aborted && state.value === 'open' && lose(),
      (error: unknown) => !signal.aborted && state.value === 'open' && lose(messageOf(error)),
    )
  }

  const output =
    (signal: AbortSignal) =>
    (message: TerminalOutput): Promise<void> | undefined => {
      if (signal.aborted) return undefined
      if ('stdout' in message) return write(message.stdout)
      if ('stderr' in message) return write(message.stderr)
      const { code, message: reason } = message.exit
      if (reason !== undefined && lacksShell(reason) && pane().mode === 'shell') {
        state.value = 'no-shell'
        note.value = reason
      } else if (reason !== undefined && /connection to the container was lost/.test(reason)) lose()
      else end(reason ?? t('dock.terminal.ended', { code: code ?? 0 }))
      return undefined
    }

  function tellWait(reason: string, message: string): void {
    note.value = message === '' ? reason : `${reason}: ${message}`
  }
  function end(reason: string): void {
    if (state.value === 'gone') return
    state.value = 'ended'
    note.value = reason
    void removeNode()
  }
  function lose(reason = ''): void {
    if (state.value === 'gone') return
    state.value = 'lost'
    note.value = reason
    // The back has deleted the pod of a shell whose connection broke: the next one gets its own.
    void removeNode()
  }

  /** A program that is attached to shows nothing until it draws again: the size is changed for a moment. */
  function redraw(): void {
    stream?.send({ resize: { ...size, rows: size.rows + 1 } })
    stream?.send({ resize: size })
  }

  function becomeGone(): void {
    if (state.value === 'gone') return
    attempt.abort()
    stream?.close()
    state.value = 'gone'
    note.value = ''
    looking ??= setInterval(() => void look(), lookInterval)
    void look()
  }
  async function look(): Promise<void> {
    const gone = pod.value ?? ({ metadata: { name: pane().target.name, uid } } satisfies Pod)
    const all = await client.list(pods, { namespace }).catch(() => undefined)
    const found = all && successorOf(gone, all.items)
    if (!found) return
    successor.value = found
    if (found.status?.phase === 'Running') clearInterval(looking)
  }

  /** Watches the pod itself: a stream tells only that it has ended. */
  function watchPod(): void {
    if (pane().mode === 'node') return
    const { name } = pane().target
    informer = createInformer({
      client,
      resource: pods,
      namespace,
      fieldSelector: `metadata.name=${name}`,
      clock: systemClock,
      log: silentLog,
    })
    const take = (found: Stored<Pod>): void => {
      if (found.metadata.uid === uid) pod.value = found
      else becomeGone()
    }
    informer.onChange({
      added: take,
      updated: (_before, found) => take(found),
      deleted: (found) => found.metadata.uid === uid && becomeGone(),
    })
    informer.start()
  }

  async function removeNode(): Promise<void> {
    const name = nodePod
    nodePod = undefined
    if (name !== undefined) await removeNodeShell(client, name).catch(() => undefined)
  }
  const leave = (): void => void removeNode()

  watchPod()
  window.addEventListener('pagehide', leave)
  onScopeDispose(() => {
    window.removeEventListener('pagehide', leave)
    attempt.abort()
    stream?.close()
    informer?.stop()
    clearInterval(looking)
    leave()
  })
  watch(api.connection, (now, before) => {
    if (now !== 'up' && state.value === 'open') lose()
    if (now === 'up' && before === 'down' && state.value === 'lost') note.value = ''
  })

  return {
    state,
    note,
    pod,
    successor,
    start,
    send: (data: string): void => void (state.value === 'open' && stream?.send({ stdin: data })),
    resize(now: { columns: number; rows: number }): void {
      size = now
      if (state.value === 'open') stream?.send({ resize: now })
    },
  }
}

const hasTty = ({ spec }: Pod, container: string): boolean =>
  [...(spec?.containers ?? []), ...(spec?.ephemeralContainers ?? [])].find(({ name }) => name === container)?.tty ??
  false
