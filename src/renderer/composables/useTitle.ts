import { watchEffect } from 'vue'

/** The title of the browser's tab: from the nearest to the farthest, `web · Deployments · dev · Slipway`. */
export function useTitle(parts: () => readonly (string | undefined)[]): void {
  watchEffect(() => {
    document.title = [...parts(), 'Slipway'].filter(Boolean).join(' · ')
  })
}
