// Preloaded into a process whose wall clock a test moves: the offset in ms is read from SLIPWAY_TEST_CLOCK upon SIGUSR2.
// Timers go on as they are, as they do when a machine's clock is set.
import { readFileSync } from 'node:fs'

const RealDate = Date
const file = process.env.SLIPWAY_TEST_CLOCK
let offset = 0

globalThis.Date = class Date extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(RealDate.now() + offset)
    else super(...parts)
  }

  static now() {
    return RealDate.now() + offset
  }
}

if (file) process.on('SIGUSR2', () => (offset = Number(readFileSync(file, 'utf8'))))
