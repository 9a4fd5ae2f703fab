// The window itself, apart from what the program answers: closing waits until the text is on disk.

export interface WindowHost {
  /** Asked before the window closes; answers whether it may. Returns how to stop being asked. */
  onCloseRequest(mayClose: () => Promise<boolean>): Promise<() => void>;
}
