/** The few drawings of the page; all take the colour of the text around them and say nothing to a screen reader. */
import type { ReactNode } from "react";

function Drawing({ size, children }: { size: number; children: ReactNode }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={2}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden
      focusable="false"
    >
      {children}
    </svg>
  );
}

interface Size {
  size?: number;
}

const RECEIVER =
  "M21 16.4v3a2 2 0 0 1-2.2 2A18.6 18.6 0 0 1 2.6 5.2 2 2 0 0 1 4.6 3h3a1.5 1.5 0 0 1 1.5 1.3c.1.9.4 1.8.7 2.6a1.5 1.5 0 0 1-.35 1.6L8.2 9.8a15 15 0 0 0 6 6l1.3-1.250a1.5 1.5 0 0 1 1.6-.35c.8.3 1.7.6 2.6.7A1.5 1.5 0 0 1 21 16.4z";

export const PhoneIcon = ({ size = 24 }: Size) => (
  <Drawing size={size}>
    <path d={RECEIVER} />
  </Drawing>
);

export const HangUpIcon = ({ size = 24 }: Size) => (
  <Drawing size={size}>
    <path d={RECEIVER} transform="rotate(135 12 12)" />
  </Drawing>
);

export const WaveIcon = ({ size = 24 }: Size) => (
  <Drawing size={size}>
    <path d="M4 10.5v3M9 6v12M14 9v6M19 4v16" />
  </Drawing>
);

export const MicrophoneIcon = ({ size = 24 }: Size) => (
  <Drawing size={size}>
    <rect x="9" y="3" width="6" height="11" rx="3" />
    <path d="M5 11.5a7 7 0 0 0 14 0M12 18.5V21.5" />
  </Drawing>
);

export const KeyIcon = ({ size = 24 }: Size) => (
  <Drawing size={size}>
    <circle cx="8" cy="15" r="4" />
    <path d="M11 12 20 3M16 7l3 3" />
  </Drawing>
);

export const Logo = ({ size = 30 }: Size) => (
  <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden focusable="false">
    <rect width="32" height="32" rx="9" fill="#0b7a5e" />
    <path d="M8 14v4M13 9.5v13M18 12v8M23 7v18" stroke="#fff" strokeWidth="3" strokeLinecap="round" fill="none" />
  </svg>
);
