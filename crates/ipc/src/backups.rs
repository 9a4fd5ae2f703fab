//! Backups in words.

use holdfast_notebook::BackupReason;

/// Why a backup was made, for people.
pub fn backup_reason(reason: BackupReason) -> &'static str {
    match reason {
        BackupReason::Daily => "Every day",
        BackupReason::BeforeTripwire => "Before a decision about many notes",
        BackupReason::BeforeImport => "Before an import",
        BackupReason::BeforeUpgrade => "Before an update of Holdfast",
        BackupReason::Asked => "You asked for it",
    }
}
