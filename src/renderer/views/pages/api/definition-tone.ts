import type { Tone } from '../../../components/tone.ts'

/** Those that are set where something is wrong; all others say that something is right, also ones of later versions. */
const unwell = ['NonStructuralSchema', 'Terminating']

/** How a condition of a CustomResourceDefinition looks. */
export const definitionTone = (type: string, status: string): Tone =>
  (status === 'True') === unwell.includes(type) ? 'bad' : 'good'
