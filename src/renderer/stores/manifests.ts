import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { ManifestFile } from '#shared/contract/app.ts'

/** Manifests from outside the page, dropped on it or opened with the app, until a deploy panel takes them. */
export const useManifests = defineStore('manifests', () => {
  const waiting = shallowRef<readonly ManifestFile[]>([])
  return {
    waiting,
    offer: (files: readonly ManifestFile[]): void => void (waiting.value = files),
    /** @returns those that wait; they wait no longer */
    take(): readonly ManifestFile[] {
      const taken = waiting.value
      if (taken.length > 0) waiting.value = []
      return taken
    },
  }
})
