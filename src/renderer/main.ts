import { createPinia } from 'pinia'
import { createApp } from 'vue'
import { createApi, provideApi } from './api/index.ts'
import App from './App.vue'
import { router } from './router.ts'
import './style.css'

const app = createApp(App)
provideApi(app, await createApi())
app.use(createPinia()).use(router).mount('#app')

// The router follows the address only once its first page is there: an address that was entered meanwhile is followed now.
await router.isReady()
const { hash } = window.location
if (hash.length > 1 && hash.slice(1) !== router.currentRoute.value.fullPath) await router.replace(hash.slice(1))
