import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import { messageOf } from '#shared/base/message-of.ts'
import type { BuildMessage, BuildRequest, BuildStep } from '#shared/contract/builds.ts'
import { useApi } from '../../api/index.ts'
import { openStream, type OpenStream } from '../../api/stream.ts'
import { withoutEscapes } from '../logs/ansi.ts'

export interface ShownStep {
  id: BuildStep
  state: 'running' | 'done' | 'failed'
}

/** Lines that are kept of a build's output. */
const mostLines = 5_000

/** One build at a time: its steps, its output, and how it ended. */
export function useBuild() {
  const call = useApi().back.builds
  const steps = shallowRef<readonly ShownStep[]>([])
  const lines = shallowRef<readonly string[]>([])
  const failed = ref('')
  /** The build that has succeeded, and how long it took, ms. */
  const done = shallowRef<{ request: BuildRequest; ms: number }>()
  const stream = shallowRef<OpenStream<never>>()

  const settle = (state: 'done' | 'failed'): void => {
    steps.value = steps.value.map((step) => (step.state === 'running' ? { ...step, state } : step))
  }
  function fail(reason: string): void {
    settle('failed')
    failed.value = reason
  }
  function take(message: BuildMessage, request: BuildRequest): void {
    if ('step' in message) {
      settle('done')
      steps.value = [...steps.value, { id: message.step, state: 'running' }]
    } else if ('lines' in message) {
      lines.value = [...lines.value, ...message.lines.map((line) => withoutEscapes(line).text)].slice(-mostLines)
    } else if ('failed' in message) fail(message.failed)
    else {
      settle('done')
      done.value = { request, ms: message.done.ms }
    }
  }

  function start(request: BuildRequest): void {
    stream.value?.close()
    steps.value = []
    lines.value = []
    failed.value = ''
    done.value = undefined
    const opened = openStream<BuildRequest, never, BuildMessage>(call.run, request, (message) => take(message, request))
    stream.value = opened
    opened.done
      .catch((error: unknown) => {
        if (stream.value === opened) fail(messageOf(error))
      })
      .finally(() => {
        if (stream.value === opened) stream.value = undefined
      })
  }
  /** The back stops the build when nobody reads. */
  function cancel(reason: string): void {
    const running = stream.value
    stream.value = undefined
    running?.close()
    if (running) fail(reason)
  }
  onScopeDispose(() => stream.value?.close())
  return { steps, lines, failed, done, running: computed(() => stream.value !== undefined), start, cancel }
}
