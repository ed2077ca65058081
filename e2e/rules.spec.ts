import { expect, test } from './pages/test.ts'

const DUMP = `$ sudo iptables-save
*nat
:PREROUTING ACCEPT [0:0]
:KUBE-SERVICES - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A KUBE-SERVICES -d 10.96.7.7/32 -p tcp -m comment --comment "shop/till cluster IP" -m tcp --dport 80 -j KUBE-SVC-TILL
-A KUBE-SVC-TILL -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-ONE
-A KUBE-SVC-TILL -j KUBE-SEP-TWO
-A KUBE-SEP-ONE -p tcp -m tcp -j DNAT --to-destination 10.244.1.5:8080
-A KUBE-SEP-TWO -p tcp -m tcp -j DNAT --to-destination 10.244.2.6:8080
COMMIT
*filter
:FORWARD ACCEPT [0:0]
-A FORWARD -i wg0 -m set --match-set banned src -j DROP
COMMIT
`

test('Your rules: a dump is pasted, its packet stepped and its open question answered, by keyboard alone', async ({
  lab,
  page,
}) => {
  await lab.open('/lab?view=own-rules')
  await lab.ready()
  const picture = lab.picture('own-rules')
  const text = picture.getByRole('textbox', { name: 'Rules of a node' })
  await lab.tabTo(text)

  await page.keyboard.insertText('Chain INPUT (policy ACCEPT)\ntarget  prot opt source  destination\n')
  await expect(picture.getByRole('list', { name: 'What is wrong with this text' })).toContainText('run `iptables-save`')
  await page.keyboard.press('Control+A')
  await page.keyboard.insertText(DUMP)
  await expect(picture.getByText('7 rules')).toBeVisible()
  const way = picture.getByRole('region', { name: 'The way of the packet' })
  await expect(way.getByRole('status')).toHaveText('Accepted. 10.96.7.7:80 becomes 10.244.1.5:8080.')

  // Rule by rule, from the end to the rewrite.
  await lab.tabTo(way.getByRole('button', { name: '‹ Rule' }))
  const now = way.locator('[aria-current="step"]')
  await expect
    .poll(async () => {
      await page.keyboard.press(',')
      return now.innerText()
    })
    .toContain('--to-destination 10.244.1.5:8080')
  await expect(way.getByRole('status')).toContainText('rewrites the destination')

  // The other end of the draw, and the other answer to what the dump does not say.
  await lab.tabTo(way.getByRole('button', { name: /^10\.244\.2\.6:8080/ }))
  await page.keyboard.press('Enter')
  await expect(way.getByRole('status')).toHaveText('Accepted. 10.96.7.7:80 becomes 10.244.2.6:8080.')
  const comesIn = way.getByRole('group', { name: /Does it come in by wg0/ })
  await lab.tabTo(comesIn.getByRole('button', { name: 'yes' }))
  await page.keyboard.press('Enter')
  await expect(comesIn.getByRole('button', { name: 'yes' })).toHaveAttribute('aria-pressed', 'true')
  const banned = way.getByRole('group', { name: /banned/ })
  await lab.tabTo(banned.getByRole('button', { name: 'yes' }))
  await page.keyboard.press('Enter')
  await expect(way.getByRole('status')).toContainText('Dropped: rule 1 of FORWARD in table filter')

  // Another packet.
  const port = picture.getByRole('textbox', { name: 'port' }).last()
  await lab.tabTo(port)
  await page.keyboard.press('Control+A')
  await page.keyboard.type('81')
  await page.keyboard.press('Enter')
  await expect(way.getByRole('status')).toContainText('Its destination stays as it was')
})

test('Rules, four modes: the slider moves what each mode costs; only the list grows', async ({ lab, page }) => {
  await lab.open('/lab?scenario=shop&view=rules')
  await lab.ready()
  const picture = lab.picture('rules')
  await lab.tabTo(picture.getByRole('button', { name: 'Four modes' }))
  await page.keyboard.press('Enter')
  const column = (name: string) => picture.getByRole('region', { name, exact: true })
  const figure = (name: string) => column(name).locator('[data-figure]')
  for (const name of ['iptables', 'IPVS', 'nftables', 'eBPF']) await expect(figure(name)).toBeVisible()
  await expect(figure('iptables')).toHaveText(/^1,01[456]$/)
  const before = await figure('nftables').innerText()

  await lab.tabTo(picture.getByRole('slider', { name: 'Services' }))
  await page.keyboard.press('End')
  await expect(figure('iptables')).toHaveText(/^10,01[456]$/)
  await page.keyboard.press('Home')
  await expect(figure('iptables')).toHaveText(/^1[567]$/)
  await page.keyboard.press('ArrowRight')
  expect(await figure('nftables').innerText()).toBe(before)
  // The lines are those of this cluster's own Service.
  const address = /10\.\d+\.\d+\.\d+/.exec(
    await picture.locator('code', { hasText: /^10\.\d+\.\d+\.\d+:80$/ }).innerText(),
  )![0]
  await page.keyboard.press('End')
  await expect(
    column('iptables')
      .getByRole('listitem')
      .filter({ hasText: `-d ${address}/32` }),
  ).toBeVisible()
})

test('Rules: a node changes its mode, and its tables change with it', async ({ lab }) => {
  await lab.open('/lab?scenario=shop&view=rules')
  await lab.ready()
  const picture = lab.picture('rules')
  const tabs = picture.getByRole('tablist', { name: 'Tables of the kernel' })
  await expect(tabs.getByRole('tab', { name: 'nftables' })).toHaveCount(0)
  await picture.getByRole('combobox', { name: 'mode' }).selectOption('nftables')
  await expect(picture.getByText('reads its mode at start only')).toBeVisible()
  await lab.model.speed(10)
  await tabs.getByRole('tab', { name: 'nftables' }).click()
  await expect(picture.locator('pre').first()).toContainText('service-ips')
  await expect(picture.getByRole('complementary', { name: 'The last write' })).toContainText('rules and elements')
})
