import mermaid from 'mermaid'

let count = 0

/** Draws a Mermaid text as SVG in the colours of the page. Rejects where the text is no diagram. */
export async function drawDiagram(text: string): Promise<string> {
  const style = getComputedStyle(document.documentElement)
  const token = (name: string): string => style.getPropertyValue(name).trim()
  mermaid.initialize({
    startOnLoad: false,
    securityLevel: 'strict',
    theme: 'base',
    htmlLabels: false,
    flowchart: { htmlLabels: false },
    fontFamily: 'sans-serif',
    themeVariables: {
      background: token('--paper'),
      primaryColor: token('--surface'),
      primaryTextColor: token('--ink'),
      primaryBorderColor: token('--ink2'),
      lineColor: token('--ink2'),
      secondaryColor: token('--sunk'),
      tertiaryColor: token('--deep'),
    },
  })
  const { svg } = await mermaid.render(`diagram-${count++}`, text)
  return svg
}
