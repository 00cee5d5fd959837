import type { LimitRange } from '#shared/kube/generated/types.ts'
import { limitRanges } from '#shared/kube/resources.ts'
import { pairs } from '../cells.ts'
import { describe } from '../descriptor.ts'

export const limitRange = describe<LimitRange>({
  resource: limitRanges,
  title: 'LimitRanges',
  group: 'config',
  columns: [
    { id: 'types', value: ({ spec }) => (spec?.limits ?? []).map(({ type }) => type).join(', '), width: '180px' },
    {
      id: 'defaults',
      value: ({ spec }) =>
        (spec?.limits ?? [])
          .map((limit) => pairs(limit.default))
          .filter(Boolean)
          .join('; '),
    },
  ],
  details: ({ spec }) =>
    (spec?.limits ?? []).map(({ type, default: limits, defaultRequest, max, min, maxLimitRequestRatio }) => [
      type,
      Object.entries({ defaultRequest, default: limits, min, max, maxLimitRequestRatio })
        .flatMap(([name, amounts]) => (amounts ? [`${name}: ${pairs(amounts)}`] : []))
        .join('\n'),
    ]),
})
