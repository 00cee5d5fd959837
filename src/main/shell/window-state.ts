import { readFile, rename, writeFile } from 'node:fs/promises'
import { z } from 'zod'

/** Where a window is and what it shows. */
export const windowState = z.object({
  bounds: z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() }),
  maximised: z.boolean(),
  /** The address after the hash: `/c/local:dev/pods`. */
  address: z.string().max(4_096),
})
export type WindowState = z.infer<typeof windowState>
export type Bounds = WindowState['bounds']

/** Windows as they were at the last end; none when the file is missing or of another form. */
export async function readWindowStates(file: string): Promise<WindowState[]> {
  try {
    return windowState
      .array()
      .max(20)
      .parse(JSON.parse(await readFile(file, 'utf8')))
  } catch {
    return []
  }
}

export async function writeWindowStates(file: string, states: readonly WindowState[]): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify(states), { mode: 0o600 })
  await rename(`${file}.new`, file)
}

/** How much of a window has to be on a display to be found and moved, px. */
const grip = { width: 120, height: 40 }

/**
 * The bounds with which a window comes back: not larger than its display, and at its place only where that can still be seen, as
 * displays are unplugged.
 * @param areas the displays' areas for windows, the primary one first
 */
export function fitBounds(bounds: Bounds, areas: readonly Bounds[]): Omit<Bounds, 'x' | 'y'> & Partial<Bounds> {
  const [primary = bounds] = areas
  const home = areas.find((area) => overlap(bounds, area))
  const { width, height } = home ?? primary
  const size = { width: Math.min(bounds.width, width), height: Math.min(bounds.height, height) }
  return home ? { ...size, x: bounds.x, y: bounds.y } : size
}

function overlap(window: Bounds, area: Bounds): boolean {
  const width = Math.min(window.x + window.width, area.x + area.width) - Math.max(window.x, area.x)
  // The title bar is what one drags.
  const isBarSeen = window.y >= area.y && window.y + grip.height <= area.y + area.height
  return width >= grip.width && isBarSeen
}
