import type { AppData } from '#main/contexts/app-data.ts'
import type { Command } from '#shared/contract/app.ts'
import type { Stop } from '#shared/base/disposable.ts'
import { implementer } from './implementer.ts'
import { serveStream } from './stream.ts'
import { withUserError } from './user-error.ts'

export interface AppTopicOptions {
  info: { version: string; mode: 'desktop' | 'headless'; platform: string; dataFolder: string }
  data: AppData
  samples(): Promise<{ name: string; title: string; description: string; manifest: string }[]>
  /** Commands of the native menu; none in headless mode. */
  commands: { onCommand(listener: (command: Command) => void): Stop }
  quit(clusters: 'stop' | 'keep' | 'cancel'): void | Promise<void>
}

export type { Command }

export function appTopic({ info, data, samples, commands, quit }: AppTopicOptions) {
  const topic = implementer.app
  return {
    info: topic.info.handler(() => info),
    ping: topic.ping.handler(() => undefined),
    settings: topic.settings.handler(() => data.settings()),
    saveSettings: topic.saveSettings.handler(({ input }) => data.saveSettings(input)),
    drafts: topic.drafts.handler(() => data.drafts()),
    saveDraft: topic.saveDraft.handler(({ input, errors }) => withUserError(errors, () => data.saveDraft(input))),
    removeDraft: topic.removeDraft.handler(({ input }) => data.removeDraft(input.key)),
    samples: topic.samples.handler(() => samples()),
    commands: topic.commands.handler(({ input, signal }) =>
      serveStream<object, never, { command: Command }>(input, signal, async (_open, port) => {
        const stop = commands.onCommand((command) => void port.send({ command }))
        await new Promise<void>((resolve) => port.signal.addEventListener('abort', () => resolve(), { once: true }))
        await stop()
      }),
    ),
    quit: topic.quit.handler(async ({ input }) => quit(input.clusters)),
  }
}
