/** How the desktop's MessagePort reaches the page; each name is used once on each side. */

/** IPC channel between preload and main: a request up, the port down. */
export const portChannel = 'slipway:port'
/** What the page posts to its own window to request the port. */
export const pageReady = 'slipway-ready'
/** What the preload posts back, with the port. */
export const pagePort = 'slipway-port'
