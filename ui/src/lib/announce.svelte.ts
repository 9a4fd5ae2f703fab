// What screen readers hear: one polite live region, mounted by App. The last sentence is enough.
class Announcer {
  text = $state('');

  say(text: string): void {
    // The same sentence twice must be heard twice: a region speaks when its text changes.
    this.text = this.text === text ? `${text}\u00a0` : text;
  }
}

export const announcer = new Announcer();

export function announce(text: string): void {
  announcer.say(text);
}
