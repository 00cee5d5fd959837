import type { Page } from '@playwright/test'

/**
 * What of the page as it is now cannot be used by keys: controls that neither Tab nor the arrows of their group reach,
 * and controls that look the same with and without the focus. The start of each one's HTML, with what is wrong.
 */
export async function focusProblems(page: Page): Promise<string[]> {
  // A browser shows the focus while keys were used last.
  await page.keyboard.press('Shift')
  return page.evaluate(() => {
    const controls =
      'a[href], button, input, select, textarea, summary, [tabindex], [role=button], [role=link], [contenteditable=true]'
    /** Their arrows, or the keys of their row, lead to the others of the group. */
    const groups =
      '[role=tablist], [role=menu], [role=menubar], [role=listbox], [role=radiogroup], [role=toolbar], [role=tree], [role=grid], [role=table], table'
    const isShown = (element: HTMLElement): boolean =>
      element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) &&
      element.getClientRects().length > 0 &&
      !element.closest('[inert], [aria-hidden=true], [data-aria-hidden=true]') &&
      !element.matches(':disabled, [role=none]')
    const looks = (element: HTMLElement): string => {
      const parts: string[] = []
      // A field's frame may show the focus of the field within it.
      let part: HTMLElement | null = element
      for (let level = 0; part && level < 4; level++, part = part.parentElement) {
        const { outlineStyle, outlineWidth, outlineColor, boxShadow, backgroundColor, borderColor } =
          getComputedStyle(part)
        parts.push(
          [outlineStyle === 'none' ? '' : outlineWidth + outlineColor, boxShadow, backgroundColor, borderColor].join(),
        )
      }
      return parts.join()
    }
    const told = (element: HTMLElement, what: string): string =>
      `${what}: ${element.outerHTML.replaceAll(/\s+/g, ' ').slice(0, 160)}`
    /** Colours that change by a transition have their last value then; what turns for ever is no transition. */
    const settled = (): void => {
      for (const animation of document.getAnimations()) if (animation instanceof CSSTransition) animation.finish()
    }

    const problems: string[] = []
    const before = document.activeElement
    for (const element of document.querySelectorAll<HTMLElement>(controls)) {
      if (!isShown(element)) continue
      const inGroup = element.parentElement?.closest(groups) ?? (element.matches('[role=row]') ? element : null)
      if (element.tabIndex < 0) {
        const isControl = element.matches('a, button, input, select, textarea, [role=button], [role=link]')
        const isReached = inGroup?.matches('[tabindex="0"]') || inGroup?.querySelector('[tabindex="0"], button, a')
        if (isControl && !isReached) problems.push(told(element, 'no key leads to it'))
        continue
      }
      // A caret shows where the keys go, where nothing else can have them.
      if (element.matches('main, [role=dialog], [role=dialog] input[role=combobox], [role=log], .xterm *, .cm-content'))
        continue
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur()
      settled()
      const without = looks(element)
      element.focus({ preventScroll: true })
      if (document.activeElement !== element) continue
      settled()
      if (looks(element) === without) problems.push(told(element, 'looks the same with the focus'))
    }
    if (before instanceof HTMLElement) before.focus({ preventScroll: true })
    return problems
  })
}
