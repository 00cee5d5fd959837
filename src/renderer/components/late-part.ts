import { defineAsyncComponent, type AsyncComponentLoader, type Component } from 'vue'
import { loadPart } from '../composables/load-part.ts'
import PartNotLoaded from './PartNotLoaded.vue'

/** A component that is loaded when it is shown. Where it cannot be, a note says why; shown anew, it is loaded anew. */
export const latePart = <Part extends Component>(load: AsyncComponentLoader<Part>): Part =>
  defineAsyncComponent({ loader: () => loadPart(load), errorComponent: PartNotLoaded })
