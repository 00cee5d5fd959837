import type { Page } from '@playwright/test'

/** What scrolls sideways: pages, dialogs, popovers and menus cut what does not fit, and their controls are out of reach. */
export const sidewaysScrolls = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const within = ['main', 'nav', '[role=dialog]', '[role=menu]'].flatMap((box) => [box, `${box} *`])
    return [...document.querySelectorAll(within.join())].flatMap((element) => {
      const { overflowX } = getComputedStyle(element)
      const over = element.scrollWidth - element.clientWidth
      return (overflowX === 'auto' || overflowX === 'scroll') && over > 1
        ? [`${element.tagName} ${element.className}, ${over} px`]
        : []
    })
  })

/** What of a page scrolls sideways, and what scrolls within something that scrolls itself. */
export const secondScrollbars = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const scrolls = (element: Element, axis: 'X' | 'Y'): boolean => {
      const style = getComputedStyle(element)
      const flows = axis === 'X' ? style.overflowX : style.overflowY
      const over =
        axis === 'X' ? element.scrollWidth - element.clientWidth : element.scrollHeight - element.clientHeight
      return (flows === 'auto' || flows === 'scroll') && over > 1
    }
    return [...document.querySelectorAll('main, main *, nav, nav *')].flatMap((element) => {
      const name = `${element.tagName} ${element.className}`
      if (scrolls(element, 'X')) return [`sideways: ${name}`]
      let parent = element.parentElement
      while (parent && !scrolls(parent, 'Y')) parent = parent.parentElement
      return scrolls(element, 'Y') && parent ? [`within another: ${name}`] : []
    })
  })

/** Texts that do not fit their place without an ellipsis, or without a title that tells them whole. */
export const clippedTexts = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const hasText = (element: Element): boolean =>
      [...element.childNodes].some(({ nodeType, textContent }) => nodeType === Node.TEXT_NODE && textContent?.trim())
    return [...document.querySelectorAll<HTMLElement>('main *')].flatMap((element) => {
      if (!hasText(element)) return []
      // Who cuts it: itself, or the nearest box around it that hides what flows over.
      let box: HTMLElement | null = element
      while (box && getComputedStyle(box).overflowX === 'visible') box = box.parentElement
      if (!box) return []
      const { right } = element.getBoundingClientRect()
      const isCut =
        box === element ? box.scrollWidth - box.clientWidth > 1 : right - box.getBoundingClientRect().right > 1
      if (!isCut || box.classList.contains('sr-only') || element.closest('.sr-only')) return []
      const isDotted = getComputedStyle(box).textOverflow === 'ellipsis'
      const isTold = element.closest('[title]') !== null
      return isDotted && isTold ? [] : [`${isDotted ? 'no title' : 'no ellipsis'}: ${element.textContent ?? ''}`]
    })
  })
