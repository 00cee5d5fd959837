import { defineStore } from 'pinia'
import { ref, shallowRef, type VNode } from 'vue'
import type { ContextColour } from '#shared/contract/settings.ts'

/** Asks before something is lost. */
export interface Question {
  title: string
  text: string
  /** Where it is done, with the colour of the context. */
  where?: { place: string; colour: ContextColour } | undefined
  /** The button that does it, with its target: `Delete web in dev / shop`. */
  verb: string
  /** A name that has to be typed out first. */
  typed?: string | undefined
  /** Nothing is lost: the button is no red one. */
  gentle?: boolean | undefined
  /** The same for kubectl. */
  kubectl?: string | undefined
  /** @throws Error with the reason, which is shown and keeps the dialog open */
  act(): Promise<unknown>
  /** Another way out that loses nothing. */
  otherwise?: { verb: string; act(): Promise<unknown> } | undefined
}

export interface Dialogs {
  confirm(question: Question): void
  /** Shows a dialog until it calls `close`. */
  show(render: (close: () => void) => VNode): void
}

/** Dialogs that anything may open, drawn in one place; one is open at a time, and the last one asked for is it. */
export const useDialogs = defineStore('dialogs', () => {
  const question = shallowRef<Question>()
  const render = shallowRef<() => VNode>()
  /** Grows with each: one that takes the place of another is not that one, nor closed by its end. */
  const asked = ref(0)
  function close(): void {
    question.value = undefined
    render.value = undefined
  }
  return {
    question,
    render,
    asked,
    close,
    confirm(wanted: Question): void {
      close()
      asked.value++
      question.value = wanted
    },
    show(draw: (close: () => void) => VNode): void {
      close()
      asked.value++
      render.value = () => draw(close)
    },
  }
})
