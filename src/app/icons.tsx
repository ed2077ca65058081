/** The few icons of the shell, 16 by 16, drawn like the mock-ups. All are decoration: the control has the name. */
import type { ReactNode } from 'react'

function Icon({ size = 16, box = 16, children }: { size?: number; box?: number; children: ReactNode }) {
  return (
    <svg width={size} height={size} viewBox={`0 0 ${box} ${box}`} fill="none" aria-hidden="true" focusable="false">
      {children}
    </svg>
  )
}
const fill = 'currentColor'

export const Logo = ({ size = 24 }: { size?: number }) => (
  <Icon size={size} box={24}>
    <g stroke="currentColor" strokeWidth="1.6" strokeLinejoin="round">
      <path d="M3 8.5L8 4H21V16L16.2 20.5H3Z" />
      <path d="M3 8.5H16.2V20.5M16.2 8.5L21 4" />
      <path d="M3 12.5H16.2M3 16.5H16.2" strokeWidth="1.1" />
    </g>
  </Icon>
)
export const Play = ({ size }: { size?: number }) => (
  <Icon size={size}>
    <path d="M5 3.5L13 8L5 12.5Z" fill={fill} />
  </Icon>
)
export const Pause = ({ size }: { size?: number }) => (
  <Icon size={size}>
    <path d="M4.5 3.5V12.5M11.5 3.5V12.5" stroke={fill} strokeWidth="2.4" />
  </Icon>
)
export const StepBack = ({ size }: { size?: number }) => (
  <Icon size={size}>
    <path d="M11.5 3.5L5.5 8L11.5 12.5Z" fill={fill} />
    <path d="M4 3.5V12.5" stroke={fill} strokeWidth="1.8" />
  </Icon>
)
export const StepForward = ({ size }: { size?: number }) => (
  <Icon size={size}>
    <path d="M4.5 3.5L10.5 8L4.5 12.5Z" fill={fill} />
    <path d="M12 3.5V12.5" stroke={fill} strokeWidth="1.8" />
  </Icon>
)
export const JumpBack = () => (
  <Icon>
    <path d="M13 3.5L8 8L13 12.5ZM8 3.5L3.5 8L8 12.5Z" fill={fill} />
  </Icon>
)
export const JumpForward = () => (
  <Icon>
    <path d="M3 3.5L8 8L3 12.5ZM8 3.5L12.5 8L8 12.5Z" fill={fill} />
  </Icon>
)
export const Find = () => (
  <Icon>
    <circle cx="7" cy="7" r="4.4" stroke={fill} strokeWidth="1.5" />
    <path d="M10.4 10.4L14 14" stroke={fill} strokeWidth="1.5" strokeLinecap="round" />
  </Icon>
)
export const Menu = () => (
  <Icon>
    <path d="M2.5 4.5H13.5M2.5 8H13.5M2.5 11.5H13.5" stroke={fill} strokeWidth="1.5" strokeLinecap="round" />
  </Icon>
)
export const Arrow = () => (
  <Icon>
    <path d="M2.5 8H13M9 4L13 8L9 12" stroke={fill} strokeWidth="1.4" strokeLinecap="round" strokeLinejoin="round" />
  </Icon>
)
export const Close = () => (
  <Icon>
    <path d="M4 4L12 12M12 4L4 12" stroke={fill} strokeWidth="1.5" strokeLinecap="round" />
  </Icon>
)
export const Chevron = ({ down }: { down: boolean }) => (
  <Icon>
    <path d={down ? 'M4 6L8 10L12 6' : 'M4 10L8 6L12 10'} stroke={fill} strokeWidth="1.5" strokeLinecap="round" />
  </Icon>
)
