import { createPinia } from 'pinia'
import { createApp } from 'vue'
import { createApi, provideApi } from './api/index.ts'
import App from './App.vue'
import { router } from './router.ts'
import './style.css'

const app = createApp(App)
provideApi(app, await createApi())
app.use(createPinia()).use(router).mount('#app')
