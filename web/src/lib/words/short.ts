/** A short name of an English text (FNV-1a), so that a catalogue need not hold the text itself. A test sees that no two share one. */
export function short(text: string): string {
  let sum = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) sum = Math.imul(sum ^ text.charCodeAt(at), 0x01000193);
  return (sum >>> 0).toString(36);
}
