import { defineConfig } from '@playwright/test'

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'

export default defineConfig({
  testDir: 'e2e',
  timeout: 90_000,
  expect: { timeout: 20_000 },
  fullyParallel: true,
  workers: process.env.CI ? 2 : undefined,
  retries: process.env.CI ? 1 : 0,
  reporter: [['list']],
  use: {
    baseURL: 'http://127.0.0.1:5390/some/sub/path/',
    launchOptions: {
      ...(process.env.CHROMIUM_PATH || process.platform === 'linux' ? { executablePath } : {}),
      args: [
        '--no-sandbox',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  // Serves dist/ below a sub-path, as a course site would: bin/serve.js.
  webServer: { command: 'node bin/serve.js 5390 /some/sub/path/', url: 'http://127.0.0.1:5390/some/sub/path/', reuseExistingServer: !process.env.CI },
})
