import { defineStore } from 'pinia'
import { ref, shallowReactive, shallowRef } from 'vue'
import { messageOf } from '#shared/base/message-of.ts'
import type { FoundChart, HelmPrograms } from '#shared/contract/helm.ts'
import { useApi } from '../api/index.ts'

/** Which helm there is, and what the page keeps for its views: the charts of the repositories, and texts of values. */
export const useHelm = defineStore('helm', () => {
  const api = useApi()
  const programs = shallowRef<HelmPrograms>()
  const fetching = ref(false)
  const fetchError = ref('')
  /** The newest version of each chart of the repositories. */
  const charts = shallowRef<readonly FoundChart[]>([])
  /** May hold passwords: in memory alone. */
  const values = shallowReactive(new Map<string, string>())

  async function look(): Promise<void> {
    programs.value = await api.back.helm.programs()
    if (!programs.value.helm) return
    charts.value = (await api.back.helm.search({ text: '' }).catch(() => ({ charts: [] }))).charts
  }
  return {
    programs,
    charts,
    fetching,
    fetchError,
    values,
    look,
    async fetch(): Promise<void> {
      fetching.value = true
      fetchError.value = ''
      try {
        await api.back.helm.fetchProgram()
        await look()
      } catch (error) {
        fetchError.value = messageOf(error)
      } finally {
        fetching.value = false
      }
    },
  }
})
