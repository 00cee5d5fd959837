import type { ServerResponse } from 'node:http'
import type { Reservation } from './connection-budget.ts'

/** Bodies beyond this are sent piece by piece, bytes. */
export const pieceBytes = 256 * 1024

/**
 * Sends the rest of a response in pieces, each when the one before is out: TLS encrypts whatever it is given at once, so
 * a large body that nobody reads would be kept twice.
 */
export async function endPaced(response: ServerResponse, body: Uint8Array, reservation: Reservation): Promise<void> {
  try {
    for (let at = 0; at < body.length && !response.destroyed; at += pieceBytes) {
      const flows = response.write(body.subarray(at, at + pieceBytes))
      reservation.hold(Math.max(0, body.length - at - pieceBytes))
      if (!flows) await drained(response)
      reservation.progressed()
    }
    response.end()
  } finally {
    reservation.release()
  }
}

function drained(response: ServerResponse): Promise<void> {
  if (response.destroyed || !response.writableNeedDrain) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done)
      response.off('close', done)
      resolve()
    }
    response.on('drain', done)
    response.on('close', done)
  })
}
