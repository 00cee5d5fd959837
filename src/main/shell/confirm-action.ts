import { dialog } from 'electron'
import type { AskUser } from '#main/yours/confirmed.ts'
import type { Speech } from './texts/index.ts'

/** Asks before one of the user's own actions runs for the first time: in a dialog of the system, which no page can answer. */
export function confirmAction(speech: Speech): AskUser {
  return async ({ name, line }) => {
    const { dialogs } = speech.texts()
    const { response } = await dialog.showMessageBox({
      type: 'warning',
      buttons: [dialogs.cancel, dialogs.run],
      defaultId: 0,
      cancelId: 0,
      noLink: true,
      message: dialogs.runAction(name),
      detail: `${line}\n\n${dialogs.runActionWhy}`,
    })
    return response === 1
  }
}
