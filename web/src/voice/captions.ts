/** The words of a live call as lines: partial ones grow in place, a final one never changes again. */

export type Speaker = "caller" | "agent";

/** One caption as the room sends it; the same `id` comes again as the words grow. */
export interface Caption {
  id: string;
  who: Speaker;
  text: string;
  final: boolean;
}

export type Line = Caption;

/** The lines after these captions, in the order in which each was first heard. */
export function addCaptions(lines: readonly Line[], captions: readonly Caption[]): Line[] {
  const next = [...lines];
  for (const caption of captions) {
    const at = next.findIndex((line) => line.id === caption.id && line.who === caption.who);
    const known = at === -1 ? undefined : next[at];
    const text = caption.text.trim();
    if (known === undefined) {
      if (text !== "") next.push({ ...caption, text });
    } else if (!known.final) {
      if (text !== "") next[at] = { ...caption, text };
      else if (caption.final) next.splice(at, 1);
    }
  }
  return next;
}

/** The newest line that will not change any more: what a screen reader is told. */
export const lastFinal = (lines: readonly Line[]): Line | undefined => lines.findLast((line) => line.final);
