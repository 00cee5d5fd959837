import { useVueFlow } from '@vue-flow/core'
import { onScopeDispose, ref, watch, type Ref } from 'vue'
import type { Places } from '../../topology/layout.ts'
import { boundsOf, firstView, type Viewport } from '../../topology/viewport.ts'

const widthOf = (places: Places | undefined): number => (places ? boundsOf(places).width : 0)

/** So long after it was moved the map rests, ms. */
const restMs = 200

/** Where the user looks at the map: it follows the window until they have moved it. */
export function useMapView(places: () => Places | undefined): {
  viewport: Ref<Viewport>
  size: Ref<{ width: number; height: number }>
  /** Whether it is being moved: meanwhile the map is a picture of its own, which is not painted anew for each frame. */
  isMoving: Ref<boolean>
  move(next: Viewport): void
} {
  const { setViewport, viewport, dimensions, onPaneReady, onMoveStart } = useVueFlow()
  const ready = ref(false)
  onPaneReady(() => (ready.value = true))
  let isMoved = false
  onMoveStart(({ event }: { event: { sourceEvent?: unknown } }) => {
    // What moves it by itself has no event of the window.
    if (event.sourceEvent) isMoved = true
  })
  watch([() => widthOf(places()), ready, () => dimensions.value.width], () => {
    const drawn = places()
    if (isMoved || !drawn || !ready.value || dimensions.value.width === 0) return
    void setViewport(firstView(drawn, dimensions.value))
  })

  const isMoving = ref(false)
  let rest: ReturnType<typeof setTimeout> | undefined
  watch(viewport, () => {
    isMoving.value = true
    clearTimeout(rest)
    rest = setTimeout(() => (isMoving.value = false), restMs)
  })
  onScopeDispose(() => clearTimeout(rest))
  return {
    viewport,
    size: dimensions,
    isMoving,
    move(next) {
      isMoved = true
      void setViewport(next)
    },
  }
}
