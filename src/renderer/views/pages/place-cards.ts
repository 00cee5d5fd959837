/** The columns of a page that are filled already, in px from its top. */
export interface Filled {
  /** The end of what stands in each column; 0 where it is empty. */
  ends: readonly number[]
  /** The end of the row above the cards. */
  row: number
  gap: number
}

export interface CardPlace {
  /** From 0. */
  column: number
  /** px from the row above; below 0 where the column ends higher than that row. */
  offset: number
}

/** A card stays in its column until another one is this much shorter, px: a list that grows by a line moves nothing. */
const patience = 96

/**
 * Places cards one after the other, each beneath the column that ends first.
 * @param heights px; 0 for a card that shows nothing
 * @param before where they are now
 */
export function placeCards(
  heights: readonly number[],
  { ends, row, gap }: Filled,
  before: readonly CardPlace[] = [],
): CardPlace[] {
  const filled = [...ends]
  return heights.map((height, at) => {
    const least = Math.min(...filled)
    const kept = before[at]?.column
    const stays = kept !== undefined && (filled[kept] ?? Infinity) <= least + patience
    const column = stays ? kept : filled.indexOf(least)
    const end = filled[column] ?? 0
    // The row leaves a gap of its own.
    const top = end === 0 ? 0 : end + gap
    if (height > 0) filled[column] = top + height
    return { column, offset: top - row - gap }
  })
}
