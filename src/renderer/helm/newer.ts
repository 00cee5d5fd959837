import type { FoundChart, HelmRelease } from '#shared/contract/helm.ts'
import { isNewer } from './status.ts'

/** The charts of a release's name, as far as repositories have them. */
export const chartsNamed = (name: string, charts: readonly FoundChart[]): FoundChart[] =>
  charts.filter((chart) => chart.name.slice(chart.name.lastIndexOf('/') + 1) === name)

/** The newest chart of a release's name that is newer than the release's own; none or one. */
export function newerOf({ chart, chartVersion }: HelmRelease, charts: readonly FoundChart[]): FoundChart[] {
  const newer = chartsNamed(chart, charts).filter(({ version }) => isNewer(version, chartVersion))
  return newer.sort((a, b) => (isNewer(a.version, b.version) ? -1 : 1)).slice(0, 1)
}
