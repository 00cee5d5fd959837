import type { Plugin } from '../framework.ts'

/** A pod with gates waits until others have taken all of them away. (Its condition is written by the API server.) */
export const schedulingGates = (): Plugin => ({
  name: 'SchedulingGates',

  holdsBack({ spec }) {
    const gates = spec?.schedulingGates ?? []
    return gates.length > 0 ? `waiting for scheduling gates: ${gates.map(({ name }) => name).join(', ')}` : undefined
  },
})
