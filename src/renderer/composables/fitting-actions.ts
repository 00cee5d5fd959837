/** What `fittingActions` needs to know of a button. */
export interface MeasuredAction {
  id: string
  /** px; unset until it has been drawn. */
  width: number | undefined
}

/**
 * The actions that have room as buttons, in their order; the others go into the menu. Deleting stays to the last and editing
 * goes just before it, because those stand on every page; of the others, the later ones are the less used.
 * @param room px for all buttons, each with a gap to what follows it
 */
export function fittingActions(all: readonly MeasuredAction[], room: number, gap: number): string[] {
  const needs = all.reduce((sum, { width = 0 }) => sum + width + gap, 0)
  let left = needs - room
  const dropped = new Set<string>()
  for (const { id, width = 0 } of [...all].sort((a, b) => rank(b, all) - rank(a, all))) {
    if (left <= 0) break
    dropped.add(id)
    left -= width + gap
  }
  return all.map(({ id }) => id).filter((id) => !dropped.has(id))
}

/** What has the highest rank goes first. */
function rank({ id }: MeasuredAction, all: readonly MeasuredAction[]): number {
  if (id === 'delete') return -2
  if (id === 'edit') return -1
  return all.findIndex((each) => each.id === id)
}
