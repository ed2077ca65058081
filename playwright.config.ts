import { existsSync } from 'node:fs'
import { defineConfig } from '@playwright/test'

/** The system's Chromium where there is one, else Playwright's own. */
const executablePath = [process.env.CHROMIUM_PATH, '/usr/bin/chromium'].find((path) => path && existsSync(path))
/** Another folder and another port, for somebody whose dist/ is being built by someone else. */
const folder = process.env.NODEGLASS_DIST ?? 'dist'
const port = Number(process.env.NODEGLASS_PORT ?? 5390)
const address = `http://127.0.0.1:${port}/some/sub/path/`

export default defineConfig({
  testDir: 'e2e',
  // Beside another run of these tests on another port.
  outputDir: `.cache/e2e-${port}`,
  timeout: 90_000,
  expect: { timeout: 20_000 },
  fullyParallel: true,
  forbidOnly: Boolean(process.env.CI),
  workers: 2,
  retries: process.env.CI ? 1 : 0,
  reporter: [['list']],
  use: {
    baseURL: address,
    actionTimeout: 20_000,
    navigationTimeout: 20_000,
    viewport: { width: 1440, height: 900 },
    trace: process.env.CI ? 'off' : 'retain-on-failure',
    launchOptions: {
      ...(executablePath ? { executablePath } : {}),
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
  // Serves the built page below a sub-path, as a course site would: bin/serve.js.
  webServer: {
    command: `node bin/serve.js ${port} /some/sub/path/ ${folder}`,
    url: address,
    reuseExistingServer: !process.env.CI,
  },
})
