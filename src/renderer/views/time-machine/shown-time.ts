import { clockText, momentText } from '../../texts/format.ts'

/** Versions of one day are told apart by their seconds, others by their date, too. */
export const shownTime = (time: number, now: number): string =>
  new Date(time).toDateString() === new Date(now).toDateString() ? clockText(time) : momentText(time)
