//! The server as its clients see it: one suite, run against [`Core`](holdfast_server::Core) directly and through
//! real HTTPS on the loopback; then what only one of them has.
#![allow(clippy::unwrap_used)]

mod durability;
mod events;
mod gone;
mod healing;
mod hostile;
mod https;
mod packs;
mod releases;
mod removal;
mod slow;
mod suite;
mod world;

/// Runs each case of the suite against both forms of the server.
macro_rules! both {
    ($($case:ident),+ $(,)?) => {
        mod direct {
            $(
                #[tokio::test]
                async fn $case() {
                    crate::suite::$case(crate::world::World::direct()).await;
                }
            )+
        }
        mod over_https {
            $(
                #[tokio::test]
                async fn $case() {
                    crate::suite::$case(crate::world::World::https().await).await;
                }
            )+
        }
    };
}

both!(
    info_names_the_limits,
    an_account_is_made_once,
    a_wrong_login_is_refused_and_slowed_down,
    prelogin_does_not_tell_who_exists,
    invitations_end,
    a_retry_whose_invitation_ended_is_answered,
    bad_user_names_are_refused,
    push_and_read_back,
    pages_are_bounded_and_chain,
    a_retry_gets_the_same_answer,
    the_same_bytes_are_stored_once,
    a_used_counter_is_a_fork,
    an_unknown_position_asks_for_rebase,
    an_old_key_epoch_is_stale,
    a_rejected_batch_stores_nothing,
    malformed_batches_are_refused,
    other_accounts_see_nothing,
    sessions_end,
    keys_change_by_version_only,
    a_second_device_is_registered_with_the_keys,
    blobs_are_checked_and_kept,
    what_is_too_large_is_refused,
    a_quota_holds,
    what_is_missing_is_told,
    single_entries_are_fetched,
    lost_batches_come_back_with_their_counters,
    junk_under_the_id_of_what_was_lost_keeps_nothing_from_coming_back,
    a_lost_position_begins_a_new_epoch,
    a_member_heals_for_another_who_then_retries,
    healing_takes_only_what_is_signed_by_members,
    an_older_manifest_moves_no_counter,
    a_new_epoch_for_all_keeps_every_entry,
    a_removed_device_is_shut_out,
    a_removal_ends_the_old_key_epoch_at_once,
    a_push_with_other_account_keys_is_refused,
    who_removes_has_read_all_that_was_sent,
    a_restored_server_is_told_of_a_removal_again,
    sessions_of_nobody_end_with_a_removal,
    a_session_is_a_devices_by_its_signature_only,
    a_new_passphrase_ends_what_the_old_one_began,
    a_removal_lets_in_who_was_shut_out_without_right,
    a_counter_that_nobody_can_read_keeps_no_device_in,
    a_pack_comes_in_the_place_of_what_it_covers,
    bodies_go_when_another_device_has_checked_the_pack,
    what_has_no_body_any_more_is_there_all_the_same,
    only_a_pack_of_this_log_covers_anything,
    packs_are_made_where_all_know_them_and_there_is_room,
    packs_have_some_room_beyond_the_quota,
);
