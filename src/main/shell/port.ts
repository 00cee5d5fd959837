import { ipcMain, MessageChannelMain } from 'electron'
import { RPCHandler } from '@orpc/server/message-port'
import type { Router } from '#main/rpc/index.ts'
import { portChannel } from '#shared/contract/port.ts'
import { isOwnPage } from './origin.ts'

/**
 * Gives the page a MessagePort that speaks the contract. Only the main frame of the app's own page gets one
 * (Electron's list, item 17); every message on it is validated against the contract's schemas.
 */
export function servePort(router: Router): void {
  const handler = new RPCHandler(router)
  ipcMain.on(portChannel, (event) => {
    const frame = event.senderFrame
    if (!frame || frame.parent !== null || !isOwnPage(frame.url)) return
    const { port1, port2 } = new MessageChannelMain()
    handler.upgrade(port1, { context: {} })
    port1.start()
    event.sender.once('did-start-navigation', () => port1.close())
    event.sender.once('destroyed', () => port1.close())
    frame.postMessage(portChannel, null, [port2])
  })
}
