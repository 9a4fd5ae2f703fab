//! Somebody with an account of their own at the same server (Eve), somebody with none, and somebody who knows no more than
//! the passphrase: they ask for everything, send what is signed and well-formed, and get and change nothing of Ada's.
//!
//! What is refused to Eve about Ada's space is taken in her own, so that nothing but whose it is can be the reason.

use std::mem::discriminant;

use holdfast_crypto::{CryptoError, DeviceKeys, PassphraseKeys, Rng};
use holdfast_notebook::simulation::Member;
use holdfast_protocol::{
    AccountId, BatchManifest, Cid, Claim, CreateAccount, DeviceId, DeviceRegistration, DeviceRemoval, Entry, EntryKind,
    FetchRequest, Hash, HealRequest, KdfParams, KeyEpoch, LogAnswer, LogHead, LogRequest, Login, LoginMethod,
    LoginSecret, Missing, MissingRequest, ProtocolError, PushOutcome, PushRequest, PutKeys, Restored, Rid, Seen,
    Session, SpaceId, SyncProtocol as _, Token, batch_hash, login_bytes, session_bytes, signed_bytes,
};
use holdfast_server::Core;

use crate::dice::Source;
use crate::fault::{Checked, Invariant, OrBroken as _};
use crate::template::{PASSPHRASE, Template, USER, finish};
use crate::world::World;

const EVE: &str = "eve";
const ITS_OWN: SpaceId = SpaceId([9; 16]);
const SECRET: LoginSecret = LoginSecret([9; 32]);
const WRONG: LoginSecret = LoginSecret([7; 32]);
/// Later than any of Ada's.
const KEY_EPOCH: u32 = 1000;
/// So many guesses may be wrong in a minute.
const GUESSES: usize = 10;
const MINUTE_MS: u64 = 60_000;
/// Longer than a session lasts.
const YEAR_MS: u64 = 366 * 24 * 3600 * 1000;

/// A computer of hers, and the last batch that the server took from it.
struct Computer {
    keys: DeviceKeys,
    last: (u64, Hash),
}

struct Fixed(Source);

impl Rng for Fixed {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), CryptoError> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl Computer {
    /// The same each time.
    fn new(number: u64) -> Result<Self, CryptoError> {
        let keys = DeviceKeys::generate(&mut Fixed(Source::new(0x0E7E + number)))?;
        Ok(Self { keys, last: (0, Hash::ZERO) })
    }

    fn id(&self) -> DeviceId {
        DeviceId(self.keys.device_id)
    }

    fn registration(&self) -> DeviceRegistration {
        DeviceRegistration { device: self.id(), sign_pk: self.keys.public().sign_pk }
    }

    /// With this one's signature, in the name of whatever device.
    fn signs_in_as(&self, user: &str, secret: &LoginSecret, device: DeviceId) -> Login {
        let signature = self.keys.sign(&login_bytes(user, LoginMethod::Passphrase, secret, device));
        Login { device: Some(Claim { device, signature }), ..nameless(user, secret) }
    }

    fn claims(&self, token: &Token, device: DeviceId) -> Claim {
        Claim { device, signature: self.keys.sign(&session_bytes(token, device)) }
    }

    /// One entry, as the next batch of a device.
    fn batch(&self, space: SpaceId, rid: Rid, device: DeviceId, (ctr, prev): (u64, Hash)) -> PushRequest {
        let entry = Entry { kind: EntryKind::Revision, rid, key_epoch: KEY_EPOCH, body: b"somebody else's".to_vec() };
        let mut batch = batch_of(space, entry, device, (ctr, prev));
        batch.manifest.signature = self.keys.sign(&signed_bytes(&batch.manifest));
        batch
    }

    fn next(&self, space: SpaceId, rid: Rid) -> PushRequest {
        self.batch(space, rid, self.id(), self.last)
    }

    fn removal(&self) -> DeviceRemoval {
        DeviceRemoval { device: self.id(), sign_pk: self.keys.public().sign_pk, last_ctr: 0, if_last: false }
    }
}

/// Not signed yet.
fn batch_of(space: SpaceId, entry: Entry, device: DeviceId, (ctr, prev): (u64, Hash)) -> PushRequest {
    let seen = Seen { log_epoch: 0, seq: 0, link: Hash::ZERO, members: Hash::ZERO };
    let manifest = BatchManifest {
        space,
        device,
        ctr: ctr + 1,
        prev,
        seen,
        rids: vec![entry.rid],
        heirs: Vec::new(),
        state: None,
        mark: None,
        signature: [0; 64],
    };
    PushRequest { manifest, entries: vec![entry], keys: None }
}

/// The same, as something that the server lost.
fn brought_back(batch: PushRequest, lost: Option<LogHead>) -> HealRequest {
    let PushRequest { manifest, entries, .. } = batch;
    let batch = batch_hash(&manifest);
    let entries = entries.into_iter().map(|entry| Restored { entry, batch }).collect();
    HealRequest { space: manifest.space, lost, manifests: vec![manifest], entries }
}

fn nameless(user: &str, secret: &LoginSecret) -> Login {
    Login { user: user.to_owned(), method: LoginMethod::Passphrase, auth: secret.clone(), device: None }
}

/// All of a log.
fn from_the_beginning(space: SpaceId) -> LogRequest {
    LogRequest { space, log_epoch: 0, seq: 0, link: Hash::ZERO, max_bytes: u32::MAX, packs: None, releases: None }
}

fn account_of(core: &Core, user: &str, invitation: Vec<u8>, device: DeviceRegistration) -> CreateAccount {
    CreateAccount {
        invitation,
        user: user.to_owned(),
        account: AccountId([9; 16]),
        space: ITS_OWN,
        kdf: finish(core.prelogin(user)).unwrap_or(NO_KDF),
        passphrase_auth: SECRET,
        code_auth: LoginSecret([8; 32]),
        keys: vec![9],
        device,
    }
}

const NO_KDF: KdfParams = KdfParams { salt: [0; 16], memory_kib: 64 * 1024, passes: 3, lanes: 1 };

/// An account of somebody else, who was invited too.
pub fn sign_up(core: &Core) -> anyhow::Result<Token> {
    let (invitation, _) = core.invite(3600)?;
    let account = account_of(core, EVE, invitation, Computer::new(0)?.registration());
    Ok(Token(finish(core.create_account(account))?.token))
}

/// Nobody gets that, and each is told why.
fn is_refused<T>(doing: &str, answer: Result<T, ProtocolError>, with: &ProtocolError) -> Checked {
    match answer {
        Err(error) if discriminant(&error) == discriminant(with) => Ok(()),
        Err(error) => Invariant::Tampering.broken(format!("{doing}: refused with {error:?}, not with {with:?}")),
        Ok(_) => Invariant::Tampering.broken(format!("{doing}: done")),
    }
}

fn refused() -> ProtocolError {
    ProtocolError::Refused(String::new())
}

/// What there is to get, and to spoil.
struct Ada {
    space: SpaceId,
    rids: Vec<Rid>,
    /// A part of a file that the server has.
    cid: Option<Cid>,
    device: DeviceId,
    /// What her computer signs in and signs with.
    member: Option<Member>,
    /// Of whoever knows her passphrase, and has none of her computers; and what signed that in.
    thief: Session,
    secret: LoginSecret,
}

/// All that the server has of her.
#[derive(PartialEq)]
struct Picture {
    /// Of the keys of her space; `None` where her computer has to read first.
    epoch: Option<u32>,
    log: LogAnswer,
    keys: (Vec<u8>, u64),
    login: KdfParams,
    missing: Missing,
    file: Option<Vec<u8>>,
    is_served: bool,
}

impl Ada {
    fn token(&self) -> Token {
        Token(self.thief.token.clone())
    }

    /// The last batch of her computer.
    fn last(&self) -> (u64, Hash) {
        self.member.as_ref().map_or((0, Hash::ZERO), |member| member.last)
    }

    fn picture(&self, core: &Core) -> Checked<Picture> {
        let (token, space) = (self.token(), self.space);
        let log = LogRequest { packs: Some(0), ..from_the_beginning(space) };
        let missing = MissingRequest { space, rids: self.rids.clone(), cids: self.cid.into_iter().collect() };
        let is_served = self.member.as_ref().is_some_and(|member| finish(core.get_keys(&member.token)).is_ok());
        Ok(Picture {
            epoch: self.member.as_ref().and_then(|member| self.epoch(core, member)),
            log: finish(core.log(&token, log)).works("Ada's log")?,
            keys: finish(core.get_keys(&token)).works("Ada's keys")?,
            login: finish(core.prelogin(USER)).works("how Ada signs in")?,
            missing: finish(core.missing(&token, missing)).works("what Ada misses")?,
            file: self.cid.and_then(|cid| finish(core.get_blob(&token, space, cid)).ok()),
            is_served,
        })
    }

    /// Her computer is told so when it sends what is sealed under an older key.
    fn epoch(&self, core: &Core, member: &Member) -> Option<u32> {
        let entry = Entry { kind: EntryKind::Revision, rid: Rid([9; 32]), key_epoch: 0, body: b"old".to_vec() };
        let mut batch = batch_of(self.space, entry, member.device(), member.last);
        batch.manifest.signature = member.sign(&signed_bytes(&batch.manifest));
        match finish(core.push(&member.token, batch)) {
            Ok(PushOutcome::StaleEpoch { key_epoch }) => Some(key_epoch),
            _ => None,
        }
    }
}

impl Picture {
    fn is_still(&self, now: &Self) -> Checked {
        let same = [
            ("key epoch", self.epoch == now.epoch),
            ("log", self.log == now.log),
            ("keys", self.keys == now.keys),
            ("login", self.login == now.login),
            ("list of what is missing", self.missing == now.missing),
            ("file", self.file == now.file),
            ("session", self.is_served == now.is_served),
        ];
        match same.iter().find(|(_, same)| !same) {
            Some((what, _)) => Invariant::Tampering.broken(format!("somebody else changed Ada's {what}")),
            None => Ok(()),
        }
    }
}

/// Her session, and what it is signed with.
struct Eve {
    computer: Computer,
    token: Token,
}

impl Eve {
    fn signs_in(core: &Core) -> Checked<Self> {
        let computer = Computer::new(0).works("a key pair")?;
        let login = computer.signs_in_as(EVE, &SECRET, computer.id());
        let token = Token(finish(core.login(login)).works("another account signs in")?.token);
        Ok(Self { computer, token })
    }

    fn keys(&self, core: &Core) -> Checked<PutKeys> {
        let (keys, version) = finish(core.get_keys(&self.token)).works("the keys of another account")?;
        Ok(PutKeys::new(version, keys))
    }
}

impl World {
    /// The server answers nobody but the account about its space, and takes nothing for it: asked where what is dear is
    /// looked at, when all else is over.
    pub fn nobody_else_gets_anything(&self, template: &Template) -> Checked {
        let Some(at) = self.members().first().copied().filter(|_| self.looks) else { return Ok(()) };
        let (core, blobs) = {
            let net = self.network.net();
            let server = &net.servers[net.lines[at].server];
            (server.core.clone(), server.blobs.clone())
        };
        let Some(core) = core else { return Ok(()) };
        // What others guessed is forgotten.
        self.clock.advance(MINUTE_MS);
        let ada = self.what_ada_has(at, &core, &blobs)?;
        let before = ada.picture(&core)?;
        let mut eve = Eve::signs_in(&core)?;

        nobody_is_answered(&core, &eve, &ada)?;
        her_own_space_has_nothing_of_it(&core, &mut eve, &ada)?;
        a_passphrase_is_no_computer(&core, &eve, &ada)?;
        let secret = her_account_is_hers(&core, &eve, &ada)?;
        self.nobody_signs_up(&core, &ada)?;
        self.guesses_are_counted(&core, &secret)?;
        before.is_still(&ada.picture(&core)?)?;

        self.clock.advance(YEAR_MS);
        for token in [&eve.token, &template.outsider, &ada.token()] {
            is_refused("a session after a year", finish(core.get_keys(token)), &ProtocolError::Unauthorized)?;
        }
        Ok(())
    }

    fn what_ada_has(&self, at: usize, core: &Core, blobs: &[[u8; 32]]) -> Checked<Ada> {
        let vault = self.devices[at].vault()?;
        let heads = self.devices[at].look(|l| l.all_heads())?;
        let (space, device) = (SpaceId(vault.space().0), DeviceId(vault.device().0));
        let member = Member::of(vault).works("what a computer signs with")?;
        // A server may have forgotten that there is a new one, and may have one that nobody was told of.
        let set = self.account.passphrase.clone();
        let others = ["", " again", " once more"].map(|more| format!("{PASSPHRASE}{more}"));
        let kdf = finish(core.prelogin(USER)).works("how Ada signs in")?;
        let KdfParams { salt, memory_kib, passes, lanes } = kdf;
        let kdf = holdfast_crypto::KdfParams { salt, memory_kib, passes, lanes };
        for passphrase in set.into_iter().chain(others) {
            let keys = PassphraseKeys::derive(&passphrase, &kdf).works("a login secret")?;
            let secret = LoginSecret(*keys.auth());
            let Ok(thief) = finish(core.login(nameless(USER, &secret))) else { continue };
            let token = Token(thief.token.clone());
            // Some went with what nothing names, or with a disk.
            let cids = blobs.iter().rev().map(|cid| Cid(*cid));
            let cid = cids.into_iter().find(|cid| finish(core.get_blob(&token, space, *cid)).is_ok());
            let rids = heads.into_iter().take(3).map(|rid| Rid(rid.0)).collect();
            return Ok(Ada { space, rids, cid, device, member, thief, secret });
        }
        Invariant::Liveness.broken("no passphrase that was ever set signs in")
    }

    /// Without an invitation, or where somebody is already.
    fn nobody_signs_up(&self, core: &Core, ada: &Ada) -> Checked {
        let computer = Computer::new(3).works("a key pair")?;
        let (ended, _) = core.invite(1).works("an invitation")?;
        self.clock.advance(2_000);
        let (invitation, _) = core.invite(3600).works("an invitation")?;
        let (account, space) = (AccountId([3; 16]), SpaceId([3; 16]));
        let another = CreateAccount {
            account,
            space,
            passphrase_auth: WRONG,
            ..account_of(core, "mallory", invitation.clone(), computer.registration())
        };
        let uninvited = |invitation: Vec<u8>| CreateAccount { invitation, ..another.clone() };
        let named = |user: &str| CreateAccount { user: user.to_owned(), ..another.clone() };
        let again =
            CreateAccount { account: ada.thief.account, space: ada.space, invitation: Vec::new(), ..named(USER) };
        let (invalid, taken) = (ProtocolError::InvitationInvalid, ProtocolError::UserTaken);
        for (what, request, with) in [
            ("an account with no invitation", uninvited(Vec::new()), &invalid),
            ("an account with another's invitation", uninvited(vec![1; 16]), &invalid),
            ("an account with an invitation that has ended", uninvited(ended), &ProtocolError::InvitationExpired),
            ("an account with a name that is taken", named(USER), &taken),
            ("an account with a name that is taken, in capitals", named(&USER.to_uppercase()), &taken),
            (
                "Ada's account under another name",
                CreateAccount { account: again.account, ..another.clone() },
                &refused(),
            ),
            ("Ada's space in another account", CreateAccount { space: again.space, ..another.clone() }, &refused()),
            ("Ada's account once more", again.clone(), &invalid),
        ] {
            is_refused(what, finish(core.create_account(request)), with)?;
        }
        finish(core.create_account(another)).works("an account for who is invited").map(drop)
    }

    /// Also where nobody has that name, so that this tells nobody who is there. Ada is not made to wait.
    fn guesses_are_counted(&self, core: &Core, right: &LoginSecret) -> Checked {
        for method in [LoginMethod::Passphrase, LoginMethod::RecoveryCode] {
            let login = Login { method, ..nameless(USER, &WRONG) };
            is_refused("a wrong guess", finish(core.login(login)), &ProtocolError::WrongLogin)?;
        }
        self.clock.advance(MINUTE_MS);
        for user in [EVE, "nobody"] {
            for _ in 0..GUESSES {
                is_refused("a guess", finish(core.login(nameless(user, &WRONG))), &ProtocolError::WrongLogin)?;
            }
            let busy = ProtocolError::Busy { retry_after_s: None };
            is_refused("one guess too many", finish(core.login(nameless(user, right))), &busy)?;
        }
        self.clock.advance(MINUTE_MS);
        finish(core.login(nameless(EVE, right))).works("signing in when a minute has passed").map(drop)
    }
}

/// Each question about her space, and each thing that may be sent into it.
fn nobody_is_answered(core: &Core, eve: &Eve, ada: &Ada) -> Checked {
    let (space, rids) = (ada.space, ada.rids.clone());
    let rid = rids.first().copied().unwrap_or(Rid([9; 32]));
    let cid = ada.cid.unwrap_or(Cid([0; 32]));
    let junk = b"junk".to_vec();
    let of_junk = Cid(*blake3::hash(&junk).as_bytes());
    let batch = eve.computer.next(space, rid);
    let in_her_name = eve.computer.batch(space, rid, ada.device, ada.last());
    let lost = LogHead { log_epoch: 7, seq: 1, link: Hash([7; 32]) };
    let key_epoch = Some(KeyEpoch { space, epoch: KEY_EPOCH });
    let new_epoch = PutKeys { key_epoch, ..eve.keys(core)? };
    for (token, with) in [
        (eve.token.clone(), ProtocolError::NotFound),
        (Token(vec![0; 32]), ProtocolError::Unauthorized),
        (Token(Vec::new()), ProtocolError::Unauthorized),
    ] {
        let missing = MissingRequest { space, rids: rids.clone(), cids: vec![cid] };
        let fetch = FetchRequest { space, rids: rids.clone(), packs: None };
        let nothing = HealRequest { space, lost: Some(lost), manifests: Vec::new(), entries: Vec::new() };
        let token = &token;
        for (what, answer) in [
            ("log", finish(core.log(token, from_the_beginning(space))).map(drop)),
            ("missing", finish(core.missing(token, missing)).map(drop)),
            ("fetch", finish(core.fetch(token, fetch)).map(drop)),
            ("get_blob", finish(core.get_blob(token, space, cid)).map(drop)),
            ("put_blob", finish(core.put_blob(token, space, of_junk, junk.clone()))),
            ("events", finish(core.events(token, space)).map(drop)),
            ("push", finish(core.push(token, batch.clone())).map(drop)),
            ("push in Ada's name", finish(core.push(token, in_her_name.clone())).map(drop)),
            ("heal", finish(core.heal(token, brought_back(batch.clone(), None))).map(drop)),
            ("heal of a lost position", finish(core.heal(token, nothing)).map(drop)),
            ("put_keys with Ada's space", finish(core.put_keys(token, new_epoch.clone())).map(drop)),
        ] {
            is_refused(&format!("{what} by somebody else"), answer, &with)?;
        }
    }
    is_refused("keys of nobody", finish(core.get_keys(&Token(vec![0; 32]))), &ProtocolError::Unauthorized)
}

/// What she asks there about Ada's things is as if there were none; what was refused to her elsewhere is taken.
fn her_own_space_has_nothing_of_it(core: &Core, eve: &mut Eve, ada: &Ada) -> Checked {
    let (token, space) = (&eve.token, ITS_OWN);
    let junk = b"junk".to_vec();
    if let Some(cid) = ada.cid {
        is_refused(
            "Ada's file from another space",
            finish(core.get_blob(token, space, cid)),
            &ProtocolError::NotFound,
        )?;
        is_refused("junk for Ada's file", finish(core.put_blob(token, space, cid, junk.clone())), &refused())?;
    }
    let asked = MissingRequest { space, rids: ada.rids.clone(), cids: ada.cid.into_iter().collect() };
    let missing = finish(core.missing(token, asked.clone())).works("asking what is missing")?;
    if missing != (Missing { rids: asked.rids, cids: asked.cids }) {
        return Invariant::Tampering.broken("another account's space is said to have what is Ada's");
    }
    let fetch = FetchRequest { space, rids: ada.rids.clone(), packs: Some(true) };
    let fetched = finish(core.fetch(token, fetch)).works("fetching")?;
    if !fetched.entries.is_empty() || !fetched.manifests.is_empty() {
        return Invariant::Tampering.broken("another account was given what is Ada's");
    }

    let of_junk = Cid(*blake3::hash(&junk).as_bytes());
    finish(core.put_blob(token, space, of_junk, junk.clone())).works("sending a file")?;
    if finish(core.get_blob(token, space, of_junk)).works("getting a file")? != junk {
        return Invariant::Works.broken("another account's file is not what was sent");
    }
    let rid = ada.rids.first().copied().unwrap_or(Rid([9; 32]));
    let unknown = eve.computer.batch(space, rid, ada.device, (0, Hash::ZERO));
    is_refused("a push as Ada's computer", finish(core.push(token, unknown)), &ProtocolError::NotRegistered)?;
    let mut mine = Vec::new();
    for (rid, heals) in [(rid, false), (Rid([8; 32]), true)] {
        let batch = eve.computer.next(space, rid);
        eve.computer.last = (batch.manifest.ctr, batch_hash(&batch.manifest));
        mine.extend(batch.entries.iter().cloned());
        let outcome =
            if heals { finish(core.heal(token, brought_back(batch, None))) } else { finish(core.push(token, batch)) };
        match outcome.works("sending into one's own space")? {
            PushOutcome::Accepted { stored, .. } if stored.iter().all(|one| !one.duplicate) => {}
            other => return Invariant::Tampering.broken(format!("into one's own space: {other:?}")),
        }
    }
    let log = finish(core.log(token, from_the_beginning(space))).works("the log of another account")?;
    match log {
        LogAnswer::Page(page) if page.entries.iter().map(|one| &one.entry).eq(&mine) => Ok(()),
        _ => Invariant::Tampering.broken("another account has something of this one, or not what is its own"),
    }
}

/// Whoever knows the passphrase may read and join, but is none of the computers that are there.
fn a_passphrase_is_no_computer(core: &Core, eve: &Eve, ada: &Ada) -> Checked {
    let (token, computer) = (ada.token(), &eve.computer);
    let (keys, version) = finish(core.get_keys(&token)).works("Ada's keys")?;
    let kdf = finish(core.prelogin(USER)).works("how Ada signs in")?;
    let put = || PutKeys::new(version, keys.clone());
    let elsewhere = ada.member.as_ref().map(|member| {
        let signature = member.sign(&session_bytes(&member.token, member.device()));
        Claim { device: member.device(), signature }
    });
    let said = login_bytes(USER, LoginMethod::RecoveryCode, &ada.secret, ada.device);
    let by_code = ada.member.as_ref().map(|member| Claim { device: ada.device, signature: member.sign(&said) });
    let by_eve = computer.signs_in_as(USER, &ada.secret, ada.device).device;
    for device in [by_eve, by_code, elsewhere].into_iter().flatten() {
        let login = Login { device: Some(device), ..nameless(USER, &ada.secret) };
        is_refused("a login in the name of Ada's computer", finish(core.login(login)), &refused())?;
    }
    let login = Login { method: LoginMethod::RecoveryCode, ..nameless(USER, &ada.secret) };
    is_refused("a passphrase in the place of the code", finish(core.login(login)), &ProtocolError::WrongLogin)?;
    for by in [Some(computer.claims(&token, ada.device)), elsewhere].into_iter().flatten() {
        let request = PutKeys { by: Some(by), ..put() };
        is_refused("a session in the name of Ada's computer", finish(core.put_keys(&token, request)), &refused())?;
    }
    let request = PutKeys { remove_device: Some(computer.removal()), ..put() };
    is_refused("a removal that no computer signed", finish(core.put_keys(&token, request)), &refused())?;
    let request = PutKeys { new_passphrase: Some((kdf, WRONG)), ..put() };
    is_refused("a new passphrase that no computer signed", finish(core.put_keys(&token, request)), &refused())?;
    // It has to be one that the account knows, and that one's key.
    let rid = Rid([8; 32]);
    let batch = computer.next(ada.space, rid);
    is_refused("a push that no member signed", finish(core.push(&token, batch)), &ProtocolError::NotRegistered)?;
    let batch = computer.batch(ada.space, rid, ada.device, ada.last());
    is_refused("a push with a wrong signature", finish(core.push(&token, batch.clone())), &refused())?;
    let heal = brought_back(batch, None);
    is_refused("a heal with a wrong signature", finish(core.heal(&token, heal)), &refused())
}

/// In her own account she removes whom she likes, Ada's computer too, and nobody else's. With three computers, of which one
/// shuts out another one, and is shut out by the third. Gives the secret that signs her in then.
fn her_account_is_hers(core: &Core, eve: &Eve, ada: &Ada) -> Checked<LoginSecret> {
    let sign_in = || Ok(Token(finish(core.login(nameless(EVE, &SECRET))).works("signing in with a passphrase")?.token));
    let mut others = Vec::new();
    for number in [1, 2] {
        let (computer, token) = (Computer::new(number).works("a key pair")?, sign_in()?);
        let by = Some(computer.claims(&token, computer.id()));
        let put = PutKeys { add_device: Some(computer.registration()), by, ..eve.keys(core)? };
        finish(core.put_keys(&token, put)).works("another computer joins")?;
        others.push(Eve { computer, token });
    }
    let [second, third] = others.as_slice() else { return Invariant::Works.broken("two are not two") };
    let put = |by: &Eve, removal: DeviceRemoval, members: &[&Eve]| {
        let members = Some(members.iter().map(|member| member.computer.id()).collect());
        let put = PutKeys { remove_device: Some(removal), members, ..by.keys(core)? };
        finish(core.put_keys(&by.token, put)).works("removing a computer").map(drop)
    };
    let nobodys = sign_in()?;
    put(second, DeviceRemoval { device: ada.device, ..second.computer.removal() }, &[eve, second, third])?;
    is_refused("a session of nobody, after a removal", finish(core.get_keys(&nobodys)), &ProtocolError::Unauthorized)?;
    let is_out = |who: &Eve| {
        is_refused("a removed computer's session", finish(core.get_keys(&who.token)), &ProtocolError::DeviceRemoved)?;
        let login = who.computer.signs_in_as(EVE, &SECRET, who.computer.id());
        is_refused("a removed computer's login", finish(core.login(login)), &ProtocolError::DeviceRemoved)
    };
    put(second, eve.computer.removal(), &[second, third])?;
    is_out(eve)?;
    put(third, second.computer.removal(), &[eve, third])?;
    is_out(second)?;
    finish(core.get_keys(&eve.token)).works("a computer that was shut out without right")?;

    let nobodys = sign_in()?;
    let (kdf, new) = (finish(core.prelogin(EVE)).works("how another signs in")?, LoginSecret([6; 32]));
    let members = Some(vec![eve.computer.id(), third.computer.id()]);
    let put = PutKeys { new_passphrase: Some((kdf, new.clone())), members, ..eve.keys(core)? };
    finish(core.put_keys(&eve.token, put)).works("a new passphrase")?;
    is_refused("a session of the old passphrase", finish(core.get_keys(&nobodys)), &ProtocolError::Unauthorized)?;
    is_refused("the old passphrase", finish(core.login(nameless(EVE, &SECRET))), &ProtocolError::WrongLogin)?;
    Ok(new)
}
