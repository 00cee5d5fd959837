import { ipcRenderer } from 'electron'
import { portChannel, pageReady, pagePort } from '../shared/contract/port.ts'

/**
 * Passes a MessagePort from the main process to the page when the page requests it, and nothing else. The page gets no
 * function of Electron: the port carries the contract, and the main process validates every message.
 */
window.addEventListener('message', (event: MessageEvent<unknown>) => {
  if (event.source === window && event.data === pageReady) ipcRenderer.send(portChannel)
})

ipcRenderer.on(portChannel, ({ ports }) => window.postMessage(pagePort, window.location.origin, [...ports]))
