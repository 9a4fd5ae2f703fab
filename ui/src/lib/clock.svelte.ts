// The time of day as state: views that say "14:02" or "next try in 40 s" read it and are told when it moves.
class Clock {
  now = $state(Date.now());

  /** Moves the clock once a second. Returns how to stop it. */
  start(): () => void {
    this.now = Date.now();
    const timer = setInterval(() => (this.now = Date.now()), 1000);
    return () => clearInterval(timer);
  }
}

export const clock = new Clock();
