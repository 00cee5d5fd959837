import type { Duplex } from 'node:stream'

/** Joins two connections until both have ended. Each side's end is passed on, so that half-closed connections work. */
export function join(one: Duplex, other: Duplex): void {
  carry(one, other)
  carry(other, one)
}

function carry(from: Duplex, to: Duplex): void {
  from.on('error', () => to.destroy())
  from.once('close', () => {
    // Data that is already written still has to leave.
    if (from.readableEnded) to.end()
    else to.destroy()
  })
  from.pipe(to)
}
