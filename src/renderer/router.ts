import { createRouter, createWebHashHistory, type RouteRecordRaw } from 'vue-router'

export const routes: readonly RouteRecordRaw[] = [
  { path: '/', name: 'clusters', component: () => import('./views/ClustersView.vue') },
  { path: '/c/:context/access', name: 'access', component: () => import('./views/access/AccessView.vue') },
  {
    path: '/c/:context/overview/:namespace?',
    name: 'overview',
    component: () => import('./views/overview/OverviewView.vue'),
  },
  {
    path: '/c/:context/port-forwards',
    name: 'forwards',
    component: () => import('./views/forwards/ForwardsView.vue'),
  },
  {
    path: '/c/:context/topology/:namespace?',
    name: 'topology',
    component: () => import('./views/topology/TopologyView.vue'),
  },
  {
    path: '/c/:context/time-machine',
    name: 'time-machine',
    component: () => import('./views/time-machine/TimeMachineView.vue'),
  },
  {
    path: '/c/:context/time-machine/:plural/:namespace/:name',
    name: 'object-history',
    component: () => import('./views/time-machine/ObjectHistoryView.vue'),
  },
  {
    path: '/c/:context/promote/:namespace?',
    name: 'promote',
    component: () => import('./views/promote/PromoteView.vue'),
  },
  { path: '/c/:context/:plural', name: 'list', component: () => import('./views/ListView.vue') },
  { path: '/c/:context/:plural/:namespace/:name', name: 'object', component: () => import('./views/ObjectView.vue') },
  { path: '/settings/:section?', name: 'settings', component: () => import('./views/settings/SettingsView.vue') },
  { path: '/:rest(.*)*', redirect: '/' },
]

/** Every view has an address. It is behind the hash, because assets have relative addresses. */
export const router = createRouter({ history: createWebHashHistory(), routes })
