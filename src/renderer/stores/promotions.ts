import { defineStore } from 'pinia'
import { shallowReactive } from 'vue'
import type { Written } from '../promote/plan.ts'

/** What a promotion has written to a namespace of a context. */
export interface Promotion {
  /** ms since the epoch. */
  at: number
  /** In the order in which it was applied. */
  written: readonly Written[]
  /** Objects that were to be applied. */
  wanted: number
  /** Where it ended early. */
  failed?: { name: string; reason: string } | undefined
}

/**
 * The last promotion to each place, for as long as the window is open: what was there before may hold Secrets, so it is
 * kept in memory alone.
 */
export const usePromotions = defineStore('promotions', () => {
  const all = shallowReactive(new Map<string, Promotion>())
  const keyOf = (context: string, namespace: string): string => `${context} ${namespace}`
  return {
    lastTo: (context: string, namespace: string): Promotion | undefined => all.get(keyOf(context, namespace)),
    keep: (context: string, namespace: string, promotion: Promotion): void =>
      void all.set(keyOf(context, namespace), promotion),
    forget: (context: string, namespace: string): void => void all.delete(keyOf(context, namespace)),
  }
})
