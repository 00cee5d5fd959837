import { ipcMain, MessageChannelMain, type WebContents } from 'electron'
import { RPCHandler } from '@orpc/server/message-port'
import type { Router } from '#main/rpc/index.ts'
import { portChannel } from '#shared/contract/port.ts'
import { isOwnPage } from './origin.ts'

/**
 * Gives the page a MessagePort that speaks the contract. Only the main frame of the app's own page gets one
 * (Electron's security list, item 17); every message on it is validated against the contract's schemas. A page has one
 * port, and the port lives as long as the page's document.
 */
export function servePort(router: Router): void {
  const handler = new RPCHandler(router)
  const closePort = new WeakMap<WebContents, () => void>()
  ipcMain.on(portChannel, ({ senderFrame: frame, sender }) => {
    if (!frame || frame.parent !== null || !isOwnPage(frame.url)) return
    closePort.get(sender)?.()
    const { port1, port2 } = new MessageChannelMain()
    handler.upgrade(port1, { context: { window: sender.id } })
    port1.start()
    closePort.set(
      sender,
      onDocumentEnd(sender, () => port1.close()),
    )
    frame.postMessage(portChannel, null, [port2])
  })
}

/**
 * Calls `end` once when the document of the main frame is gone. `did-navigate` tells that another one has replaced it:
 * Electron does not emit it for a change of the hash or of the history, nor for a navigation that is prevented or ends
 * without a document, which `did-start-navigation` announces as well.
 * @returns ends it now
 */
function onDocumentEnd(contents: WebContents, end: () => void): () => void {
  const finish = (): void => {
    contents.off('did-navigate', finish)
    contents.off('render-process-gone', finish)
    contents.off('destroyed', finish)
    end()
  }
  contents.on('did-navigate', finish)
  contents.on('render-process-gone', finish)
  contents.on('destroyed', finish)
  return finish
}
