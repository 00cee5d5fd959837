import { createRouter, createWebHashHistory } from 'vue-router'

/** Every place has an address, so that Back works and a view can be opened again; behind the hash, because assets are relative. */
export const router = createRouter({
  history: createWebHashHistory(),
  routes: [
    { path: '/', name: 'clusters', component: () => import('./views/ClustersView.vue') },
    { path: '/c/:context/:plural', name: 'list', component: () => import('./views/ListView.vue') },
    { path: '/c/:context/:plural/:namespace/:name', name: 'object', component: () => import('./views/ObjectView.vue') },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
})
