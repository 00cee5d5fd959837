import { ref } from 'vue'

/** How differences are shown where there is room: both texts beside each other, or one below the other. */
export const diffLooks = ['sides', 'column'] as const
export type DiffLook = (typeof diffLooks)[number]

/** The user's choice, for all differences in the window. */
export const diffLook = ref<DiffLook>('sides')

/** Narrower than this, lines beside each other would break, px. */
export const widthOfSides = 500
