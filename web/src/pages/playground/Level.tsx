import { type ReactNode, useEffect, useRef } from "react";

/** How fast a shown level falls back: share of the old level kept per frame. */
const HOLD = 0.85;

interface LevelProps {
  className: string | undefined;
  read: () => number;
  children?: ReactNode;
}

/** Writes the measured level into the CSS variable `--level` (0 to 1) on every frame, without rendering anew. */
export function Level({ className, read, children }: LevelProps) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let shown = 0;
    let frame = requestAnimationFrame(function draw() {
      shown = Math.max(read(), shown * HOLD);
      element.current?.style.setProperty("--level", shown.toFixed(3));
      frame = requestAnimationFrame(draw);
    });
    return () => cancelAnimationFrame(frame);
  }, [read]);
  return (
    <div ref={element} className={className} aria-hidden>
      {children}
    </div>
  );
}
