import type { Plugin } from '../framework.ts'

/** A pod with scheduling gates waits until they are removed. (The API server writes its condition.) */
export const schedulingGates = (): Plugin => ({
  name: 'SchedulingGates',

  holdsBack({ spec }) {
    const gates = spec?.schedulingGates ?? []
    return gates.length > 0 ? `waiting for scheduling gates: ${gates.map(({ name }) => name).join(', ')}` : undefined
  },
})
