import { app, dialog } from 'electron'
import { messageOf } from '#shared/base/message-of.ts'
import type { Settings } from '#shared/contract/settings.ts'
import type { Speech } from './texts/index.ts'

/** Quits by the user's setting, or asks in a window when clusters run. */
export function createQuit({
  speech,
  confirm,
  settings,
  close,
}: {
  speech: Speech
  confirm(): void
  settings(): Promise<Settings>
  close(workers: 'stop' | 'keep'): Promise<void>
}) {
  let closing = false
  const leave = async (workers: 'stop' | 'keep'): Promise<void> => {
    if (closing) return
    closing = true
    try {
      await close(workers)
    } catch (error) {
      dialog.showErrorBox(speech.texts().dialogs.uncleanEnd, messageOf(error))
    }
    app.exit(0)
  }
  return {
    begin(event: { preventDefault(): void }, clusters: readonly { state: string }[]): void {
      event.preventDefault()
      const running = clusters.some(({ state }) => state !== 'stopped' && state !== 'failed')
      if (!running) void leave('stop')
      else
        void settings().then(({ onQuit }) => {
          if (onQuit === 'ask') confirm()
          else void leave(onQuit)
        })
    },
    async choose(choice: 'stop' | 'keep' | 'cancel'): Promise<void> {
      if (choice !== 'cancel') await leave(choice)
    },
  }
}
