//! Somebody with an account of their own at the same server, and somebody with none: they ask for everything, and get
//! nothing of it.

use holdfast_domain::RevisionId;
use holdfast_protocol::{
    AccountId, BatchManifest, Cid, CreateAccount, DeviceId, DeviceRegistration, FetchRequest, Hash, HealRequest,
    LogAnswer, LogRequest, Login, LoginMethod, LoginSecret, MissingRequest, PushRequest, Rid, Seen, SpaceId,
    SyncProtocol as _, Token,
};
use holdfast_server::Core;

use crate::fault::{Checked, Invariant, OrBroken as _};
use crate::template::{Template, USER, finish};
use crate::world::World;

const ITS_OWN: SpaceId = SpaceId([9; 16]);
const DEVICE: DeviceId = DeviceId([9; 16]);

/// An account of somebody else, who was invited too.
pub fn sign_up(core: &Core) -> anyhow::Result<Token> {
    let (invitation, _) = core.invite(3600)?;
    let user = "eve".to_owned();
    let kdf = finish(core.prelogin(&user))?;
    let account = CreateAccount {
        invitation,
        user,
        account: AccountId([9; 16]),
        space: ITS_OWN,
        kdf,
        passphrase_auth: LoginSecret([9; 32]),
        code_auth: LoginSecret([8; 32]),
        keys: vec![9],
        device: DeviceRegistration { device: DEVICE, sign_pk: [9; 32] },
    };
    Ok(Token(finish(core.create_account(account))?.token))
}

/// All of a log.
fn from_the_beginning(space: SpaceId) -> LogRequest {
    LogRequest { space, log_epoch: 0, seq: 0, link: Hash::ZERO, max_bytes: u32::MAX, packs: None, releases: None }
}

impl World {
    /// The server answers nobody but the account about its space: asked where what is dear is looked at.
    pub fn nobody_else_gets_anything(&self, template: &Template) -> Checked {
        let Some(at) = self.members().first().copied().filter(|_| self.looks) else { return Ok(()) };
        let space = SpaceId(self.devices[at].vault()?.space().0);
        let some: Vec<RevisionId> = self.devices[at].look(|l| l.all_heads())?.into_iter().take(3).collect();
        let (core, blob) = {
            let net = self.network.net();
            let server = &net.servers[net.lines[at].server];
            (server.core.clone(), server.blobs.last().copied())
        };
        let Some(core) = core else { return Ok(()) };
        for token in [template.outsider.clone(), Token(vec![0; 32]), Token(Vec::new())] {
            for (what, got) in everything(&core, &token, space, &some, blob) {
                if got {
                    return Invariant::Tampering.broken(format!("somebody else was answered {what}"));
                }
            }
        }
        for method in [LoginMethod::Passphrase, LoginMethod::RecoveryCode] {
            let login = Login { user: USER.into(), method, auth: LoginSecret([7; 32]), device: None };
            if finish(core.login(login)).is_ok() {
                return Invariant::Tampering.broken(format!("somebody else signed in by {method:?}"));
            }
        }
        // It is signed in, so that what it did not get it was refused.
        let its_own = finish(core.log(&template.outsider, from_the_beginning(ITS_OWN)));
        match its_own.works("the log of another account")? {
            LogAnswer::Page(page) if page.entries.is_empty() => Ok(()),
            _ => Invariant::Tampering.broken("another account has something of this one"),
        }
    }
}

/// Each question, and whether it was answered.
fn everything(
    core: &Core,
    token: &Token,
    space: SpaceId,
    some: &[RevisionId],
    blob: Option<[u8; 32]>,
) -> Vec<(&'static str, bool)> {
    let rids: Vec<Rid> = some.iter().map(|rid| Rid(rid.0)).collect();
    let junk = b"junk".to_vec();
    let (cid, of_junk) = (Cid(blob.unwrap_or_default()), Cid(*blake3::hash(&junk).as_bytes()));
    let missing = MissingRequest { space, rids: rids.clone(), cids: vec![cid] };
    let fetch = FetchRequest { space, rids, packs: None };
    let heal = HealRequest { space, lost: None, manifests: Vec::new(), entries: Vec::new() };
    let seen = Seen { log_epoch: 0, seq: 0, link: Hash::ZERO, members: Hash::ZERO };
    let manifest = BatchManifest {
        space,
        device: DEVICE,
        ctr: 1,
        prev: Hash::ZERO,
        seen,
        rids: Vec::new(),
        heirs: Vec::new(),
        state: None,
        mark: None,
        signature: [0; 64],
    };
    let push = PushRequest { manifest, entries: Vec::new(), keys: None };
    vec![
        ("log", finish(core.log(token, from_the_beginning(space))).is_ok()),
        ("missing", finish(core.missing(token, missing)).is_ok()),
        ("fetch", finish(core.fetch(token, fetch)).is_ok()),
        ("get_blob", finish(core.get_blob(token, space, cid)).is_ok()),
        ("put_blob", finish(core.put_blob(token, space, of_junk, junk)).is_ok()),
        ("events", finish(core.events(token, space)).is_ok()),
        ("push", finish(core.push(token, push)).is_ok()),
        ("heal", finish(core.heal(token, heal)).is_ok()),
    ]
}
