import type { Extension } from '@codemirror/state'
import { highlightSpecialChars } from '@codemirror/view'
import { invisible, visibleText } from '../../components/visible-text.ts'

/** Writes invisible characters out, as the rest of the window does: an edited text is what it looks like. */
export const specialCharacters: Extension = highlightSpecialChars({
  specialChars: invisible,
  render(code, description) {
    const mark = document.createElement('span')
    mark.className = 'cm-specialChar'
    mark.textContent = visibleText(String.fromCodePoint(code))
    mark.title = description ?? ''
    return mark
  },
})
