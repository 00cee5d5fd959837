/**
 * The texts that come with the parts of the page that need them, by area: see `withTexts`. Those of the frame, which come
 * with the page itself, are in `en/index.ts` and `de/index.ts`.
 */
export const areas = {
  about: { en: () => import('./en/about.ts'), de: () => import('./de/about.ts') },
  access: { en: () => import('./en/access.ts'), de: () => import('./de/access.ts') },
  care: { en: () => import('./en/care.ts'), de: () => import('./de/care.ts') },
  charts: { en: () => import('./en/charts.ts'), de: () => import('./de/charts.ts') },
  columns: { en: () => import('./en/columns.ts'), de: () => import('./de/columns.ts') },
  editor: { en: () => import('./en/editor.ts'), de: () => import('./de/editor.ts') },
  explain: { en: () => import('./en/explain.ts'), de: () => import('./de/explain.ts') },
  forwards: { en: () => import('./en/forwards.ts'), de: () => import('./de/forwards.ts') },
  helm: { en: () => import('./en/helm.ts'), de: () => import('./de/helm.ts') },
  home: { en: () => import('./en/home.ts'), de: () => import('./de/home.ts') },
  loop: { en: () => import('./en/loop.ts'), de: () => import('./de/loop.ts') },
  overview: { en: () => import('./en/overview.ts'), de: () => import('./de/overview.ts') },
  pages: { en: () => import('./en/pages.ts'), de: () => import('./de/pages.ts') },
  promote: { en: () => import('./en/promote.ts'), de: () => import('./de/promote.ts') },
  'time-machine': { en: () => import('./en/time-machine.ts'), de: () => import('./de/time-machine.ts') },
  topology: { en: () => import('./en/topology.ts'), de: () => import('./de/topology.ts') },
  yours: { en: () => import('./en/yours.ts'), de: () => import('./de/yours.ts') },
}
export type Area = keyof typeof areas
export const areaNames = Object.keys(areas) as Area[]
