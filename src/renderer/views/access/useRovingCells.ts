import { ref } from 'vue'

/** One cell of a table is reached by Tab, the others by the arrow keys. Cells are buttons in `td`s. */
export function useRovingCells(): {
  tabindexOf(row: number, column: number): 0 | -1
  /** Of the table's body. */
  onKeydown(event: KeyboardEvent): void
  onFocusin(event: FocusEvent): void
} {
  const at = ref({ row: 0, column: 0 })
  const steps: Partial<Record<string, readonly [down: number, right: number]>> = {
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
  }
  const buttonAt = (body: Element, row: number, column: number): HTMLElement | null | undefined =>
    body.children[row]?.querySelectorAll('td')[column]?.querySelector('button')
  return {
    tabindexOf: (row, column) => (at.value.row === row && at.value.column === column ? 0 : -1),
    onKeydown(event) {
      const step = steps[event.key]
      const body = event.currentTarget
      if (!step || !(body instanceof Element) || !(event.target instanceof Element) || !event.target.closest('td'))
        return
      event.preventDefault()
      buttonAt(body, at.value.row + step[0], at.value.column + step[1])?.focus()
    },
    onFocusin(event) {
      const cell = event.target instanceof Element ? event.target.closest('td') : null
      const row = cell?.parentElement
      if (!cell || !row?.parentElement) return
      at.value = {
        row: [...row.parentElement.children].indexOf(row),
        column: [...row.querySelectorAll('td')].indexOf(cell),
      }
    },
  }
}
