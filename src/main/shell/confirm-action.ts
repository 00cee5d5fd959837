import { dialog } from 'electron'
import type { AskUser } from '#main/yours/confirmed.ts'

/** Asks before one of the user's own actions runs for the first time: in a dialog of the system, which no page can answer. */
export const confirmAction: AskUser = async ({ name, line }) => {
  const { response } = await dialog.showMessageBox({
    type: 'warning',
    buttons: ['Cancel', 'Run'],
    defaultId: 0,
    cancelId: 0,
    noLink: true,
    message: `Run "${name}" on this machine?`,
    detail: `${line}\n\nThis command is new or has changed. It is asked for once.`,
  })
  return response === 1
}
