// The types of every command and event, as generated from Rust. Views import them from here, so that only this
// folder knows of Tauri.
export type * from './bindings';
