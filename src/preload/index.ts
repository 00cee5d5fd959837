import { ipcRenderer } from 'electron'
import { portChannel, pageReady, pagePort } from '../shared/contract/port.ts'

/**
 * Passes one MessagePort from the main process to the page, when the page says it is ready; nothing else crosses.
 * The page gets no function of Electron's: the port speaks the contract, and main validates every message.
 */
window.addEventListener('message', (event: MessageEvent<unknown>) => {
  if (event.source === window && event.data === pageReady) ipcRenderer.send(portChannel)
})

ipcRenderer.on(portChannel, ({ ports }) => window.postMessage(pagePort, window.location.origin, [...ports]))
