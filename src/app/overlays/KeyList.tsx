import { KEYS } from '../keys.ts'
import { Overlay } from '../layout/Overlay.tsx'
import css from '../layout/overlay.module.css'

export default function KeyList() {
  return (
    <Overlay title="Keys" wide>
      <ul className={css.columns}>
        <li>
          Find anything <kbd>Ctrl K</kbd>
        </li>
        {KEYS.map((key) => (
          <li key={key.key}>
            {key.says} <kbd>{key.name}</kbd>
          </li>
        ))}
        <li>
          In a picture: to the nearest thing <kbd>Arrows</kbd>
        </li>
        <li>
          In the terminal: leave it <kbd>Esc Tab</kbd>
        </li>
      </ul>
    </Overlay>
  )
}
