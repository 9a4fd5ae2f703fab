// What is typed outside the editor goes to the program by itself, a moment later: whoever locks or closes asks first.
type MayLeave = () => Promise<boolean>;
const asked = new Set<MayLeave>();

/** Nothing is locked or closed before `ask` says that it may be. Returns how to call that off. */
export function beforeLeaving(ask: MayLeave): () => void {
  asked.add(ask);
  return () => void asked.delete(ask);
}

/** False: something could not be kept, and says so. */
export async function mayLeave(): Promise<boolean> {
  const answers = await Promise.all([...asked].map((ask) => ask()));
  return answers.every(Boolean);
}
