import { expect, test } from './pages/test.ts'

/** What the step says that rewrites the address, and the table's own command above the list. */
const MODES = [
  ['nftables', /rewrites the destination/, 'nft list ruleset'],
  ['ipvs', /IPVS gives this connection to the real server 10\.244\.[12]\.\d+:8080/, 'ipvsadm -Ln'],
  ['ebpf', /connected to 10\.244\.[12]\.\d+:8080/, 'cilium-dbg bpf lb list'],
] as const

for (const [mode, says, command] of MODES)
  test(`Packet path, ${mode}: a request is drawn, stepped back through its rewrite by keyboard, sent a thousand times`, async ({
    lab,
    page,
  }) => {
    await lab.open('/lab?scenario=shop&view=packet-path')
    await lab.ready()
    const picture = lab.picture('packet-path')
    await lab.model.speed(20)
    await lab.terminal.open()
    await lab.terminal.run(`lab proxy worker-1 --mode ${mode}; lab proxy worker-2 --mode ${mode}; lab advance 15s`)
    await lab.model.speed(1)
    await lab.terminal.run('kubectl exec -n shop deploy/client -- curl -s web')
    await lab.pause()
    const flows = picture.getByRole('combobox', { name: 'Flow' })
    const asked = flows.locator('option', { hasText: 'GET /' }).first()
    await flows.selectOption((await asked.getAttribute('value'))!)
    await expect(picture.getByRole('button', { name: command })).toBeVisible()

    const hand = picture.getByRole('complementary', { name: 'The packet in hand' })
    const here = hand.getByRole('row', { name: /^dst / }).getByRole('cell').last()
    await expect(here).toHaveText(/^10\.244\./)
    await lab.tabTo(picture.getByRole('button', { name: '‹ Rule' }))
    const status = picture.getByRole('status').first()
    await expect
      .poll(
        async () => {
          await page.keyboard.press(',')
          return status.innerText()
        },
        { intervals: [50] },
      )
      .toMatch(says)
    if (mode === 'ebpf') {
      await expect(picture.getByRole('button', { name: /connect\(\)/ }).first()).toBeVisible()
    } else {
      // Before the rewrite the packet has the Service's address, and its connection is not in the table yet.
      await page.keyboard.press(',')
      await expect(here).toHaveText(/^10\.(9[6-9]|1[01]\d)\./)
      await expect(hand).toContainText('not yet confirmed')
    }

    await lab.tabTo(hand.getByRole('button', { name: 'Send 1,000 requests' }))
    await page.keyboard.press('Enter')
    const shares = hand.getByRole('table', { name: 'Requests for each backend' })
    await expect(shares.getByRole('row')).toHaveCount(3)
    const counts = await shares.getByRole('cell').allInnerTexts()
    expect(counts.reduce((sum, count) => sum + Number(count), 0)).toBe(1_000)
  })

test('Forks: the past runs again with fewer pods, and both runs stand side by side', async ({ lab }) => {
  await lab.open('/lab?scenario=shop&view=forks')
  await lab.ready()
  const picture = lab.picture('forks')
  await picture.getByRole('combobox', { name: 'made' }).selectOption('10')
  await picture.getByRole('combobox', { name: 'The change' }).selectOption({ label: 'my own commands' })
  await picture
    .getByRole('textbox', { name: 'Commands, one a line' })
    .fill('kubectl scale deployment web -n shop --replicas=1')
  await picture.getByRole('button', { name: 'Run the past again with it' }).click()
  const state = picture.getByRole('table', { name: /what differs/ })
  await expect(state).toBeVisible({ timeout: 40_000 })
  await expect(state).toContainText(/web/)
  await expect(state.getByRole('row')).not.toHaveCount(2)
  // The run as it was is kept: its pods come back with it.
  const { branch, branches } = (await lab.model.transport())!
  expect([branch, branches.length]).toEqual([1, 2])
})
