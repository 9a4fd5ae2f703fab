/** A text in the window that is not on disk: on its way there, or kept from it. */
export interface Unsaved {
  failed: boolean;
  /** Why, as a sentence; empty while it is being saved. */
  why: string;
}
