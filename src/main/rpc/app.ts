import type { AppData } from '#main/contexts/app-data.ts'
import type { ShellRequest, UpdateState } from '#shared/contract/app.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { implementer } from './implementer.ts'
import { serveStream } from './stream.ts'

export interface AppTopicOptions {
  info: { version: string; mode: 'desktop' | 'headless'; platform: string; dataFolder: string }
  data: AppData
  updates(): Promise<UpdateState>
  samples(): Promise<{ name: string; title: string; description: string; manifest: string }[]>
  /** What the desktop asks of its windows; nothing in headless mode. */
  shellRequests: ShellRequests
  quit(clusters: 'stop' | 'keep' | 'cancel'): void | Promise<void>
}

/** Hands the page of a window what is asked of it. */
export interface ShellRequests {
  onRequest(window: number | undefined, listener: (request: ShellRequest) => void): Stop
}

export function appTopic({ info, data, updates, samples, shellRequests, quit }: AppTopicOptions) {
  const topic = implementer.app
  return {
    info: topic.info.handler(() => info),
    ping: topic.ping.handler(() => undefined),
    updates: topic.updates.handler(() => updates()),
    settings: topic.settings.handler(() => data.settings()),
    saveSettings: topic.saveSettings.handler(({ input }) => data.saveSettings(input)),
    drafts: topic.drafts.handler(() => data.drafts()),
    saveDraft: topic.saveDraft.handler(({ input }) => data.saveDraft(input)),
    removeDraft: topic.removeDraft.handler(({ input }) => data.removeDraft(input.key)),
    samples: topic.samples.handler(() => samples()),
    shellRequests: topic.shellRequests.handler(({ input, signal, context }) =>
      serveStream<object, never, ShellRequest>(input, signal, async (_open, port) => {
        const stop = shellRequests.onRequest(context.window, (request) => void port.send(request))
        await new Promise<void>((resolve) => port.signal.addEventListener('abort', () => resolve(), { once: true }))
        await stop()
      }),
    ),
    quit: topic.quit.handler(async ({ input }) => quit(input.clusters)),
  }
}
