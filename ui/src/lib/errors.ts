// Errors as people read them. Rust writes the sentence; the UI adds one only where a call broke on its way.
import { isCommandError } from '../ipc/backend';
import type { CommandError, ErrorCode } from '../ipc/types';

const UNKNOWN = 'Something went wrong inside Holdfast. What was saved is safe; try again.';

/** Whatever was thrown, as a `CommandError`. */
export function toCommandError(error: unknown): CommandError {
  if (isCommandError(error)) return error;
  return { code: 'internal', message: UNKNOWN, retryable: true };
}

/** The sentence to show. */
export function errorText(error: unknown): string {
  return toCommandError(error).message;
}

export function hasCode(error: unknown, ...codes: ErrorCode[]): boolean {
  return isCommandError(error) && codes.includes(error.code);
}

/** What Rust says where such a link is used, for one that was only read. */
export const LINK_EXPIRED = "The join link has expired. Ask for a new one from the server's owner.";
export const LINK_CANNOT_CREATE =
  "The join link cannot be used: this link cannot make an account; ask for a new one from the server's owner.";
