import { createPinia } from 'pinia'
import { createApp } from 'vue'
import { createApi, provideApi } from './api/index.ts'
import App from './App.vue'
import { router } from './router.ts'

const app = createApp(App)
let entered: string | undefined
const noteAddress = ({ newURL }: HashChangeEvent): void => {
  entered = new URL(newURL).hash.slice(1)
}
window.addEventListener('hashchange', noteAddress)
provideApi(app, await createApi())
app.use(createPinia()).use(router).mount('#app')

// A first page that cannot be loaded is told in its place.
await router.isReady().catch(() => undefined)
// The router follows the address only once its first page is there, and writes that page's address over one that was
// entered meanwhile: it is followed now.
await new Promise((resolve) => setTimeout(resolve))
window.removeEventListener('hashchange', noteAddress)
if (entered && entered !== router.currentRoute.value.fullPath) await router.replace(entered)
