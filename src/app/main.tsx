import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './App.tsx'

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
)

// The first load comes first: what makes the lab work offline is fetched when the page has come to rest.
if (import.meta.env.PROD && 'serviceWorker' in navigator) setTimeout(keepForOffline, 3_000)

function keepForOffline(): void {
  navigator.serviceWorker
    .register('./sw.js')
    .then(() => navigator.serviceWorker.ready)
    .then((registration) => {
      const saving = (navigator as { connection?: { saveData?: boolean } }).connection?.saveData
      if (!saving) setTimeout(() => registration.active?.postMessage('idle'), 15_000)
    })
    .catch(() => undefined)
}
