//! Accounts, sessions and what else the HTTP form needs.

use super::{Bytes, CborReader, CborWriter, FieldAs, List, Plain, ReadError, Text, Wire, once, wire_map};
use crate::envelope::{ErrorBody, Keys, KeysVersion, Prelogin};
use crate::limits::{
    MAX_IDS, MAX_INVITATION_BYTES, MAX_KEYS_MESSAGE_BYTES, MAX_MESSAGE_BYTES, MAX_TOKEN_BYTES, MAX_USER_BYTES,
};
use crate::{
    Claim, CreateAccount, DeviceId, DeviceRegistration, DeviceRemoval, KdfParams, KeyEpoch, Login, LoginMethod,
    PutKeys, ServerInfo, Session,
};

wire_map!(KdfParams {
    1 => salt as Plain,
    2 => memory_kib as Plain,
    3 => passes as Plain,
    4 => lanes as Plain,
});

impl Wire for LoginMethod {
    fn write(&self, to: &mut CborWriter) {
        to.uint(match self {
            Self::Passphrase => 1,
            Self::RecoveryCode => 2,
        });
    }
    fn read(from: &mut CborReader<'_>) -> Result<Self, ReadError> {
        match from.uint()? {
            1 => Ok(Self::Passphrase),
            2 => Ok(Self::RecoveryCode),
            _ => Err(ReadError("unknown way to sign in")),
        }
    }
}

wire_map!(DeviceRegistration {
    1 => device as Plain,
    2 => sign_pk as Plain,
});

wire_map!(DeviceRemoval {
    1 => device as Plain,
    2 => sign_pk as Plain,
    3 => last_ctr as Plain,
    4 => if_last as Plain,
});

wire_map!(KeyEpoch {
    1 => space as Plain,
    2 => epoch as Plain,
});

wire_map!(CreateAccount {
    1 => invitation as Bytes<MAX_INVITATION_BYTES>,
    2 => user as Text<MAX_USER_BYTES>,
    3 => account as Plain,
    4 => space as Plain,
    5 => kdf as Plain,
    6 => passphrase_auth as Plain,
    7 => code_auth as Plain,
    8 => keys as Bytes<MAX_KEYS_MESSAGE_BYTES>,
    9 => device as Plain,
});

wire_map!(Session {
    1 => token as Bytes<MAX_TOKEN_BYTES>,
    2 => account as Plain,
    3 => space as Plain,
    4 => keys as Bytes<MAX_KEYS_MESSAGE_BYTES>,
    5 => keys_version as Plain,
});

/// A claim stands as two keys, both or neither.
fn claim(device: Option<DeviceId>, signature: Option<[u8; 64]>) -> Result<Option<Claim>, ReadError> {
    match (device, signature) {
        (Some(device), Some(signature)) => Ok(Some(Claim { device, signature })),
        (None, None) => Ok(None),
        _ => Err(ReadError("half a claim")),
    }
}

impl Wire for Login {
    fn write(&self, to: &mut CborWriter) {
        to.map(3 + 2 * usize::from(self.device.is_some()));
        to.uint(1);
        to.text(&self.user);
        to.uint(2);
        self.method.write(to);
        to.uint(3);
        self.auth.write(to);
        if let Some(Claim { device, signature }) = &self.device {
            to.uint(4);
            device.write(to);
            to.uint(5);
            signature.write(to);
        }
    }

    fn read(from: &mut CborReader<'_>) -> Result<Self, ReadError> {
        let (mut user, mut method, mut auth, mut device, mut signature) = (None, None, None, None, None);
        from.map(|key, from| {
            match key {
                1 => once(&mut user, from.text(MAX_USER_BYTES)?)?,
                2 => once(&mut method, Wire::read(from)?)?,
                3 => once(&mut auth, Wire::read(from)?)?,
                4 => once(&mut device, Wire::read(from)?)?,
                5 => once(&mut signature, Wire::read(from)?)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(Self {
            user: user.ok_or(ReadError("no user"))?,
            method: method.ok_or(ReadError("no method"))?,
            auth: auth.ok_or(ReadError("no auth"))?,
            device: claim(device, signature)?,
        })
    }
}

/// The pairs stand as two keys, both or neither.
impl Wire for PutKeys {
    fn write(&self, to: &mut CborWriter) {
        let optional = [
            2 * usize::from(self.new_passphrase.is_some()),
            usize::from(self.add_device.is_some()),
            usize::from(self.remove_device.is_some()),
            usize::from(self.key_epoch.is_some()),
            2 * usize::from(self.by.is_some()),
            usize::from(self.members.is_some()),
        ];
        to.map(2 + optional.iter().sum::<usize>());
        to.uint(1);
        to.uint(self.expected_version);
        to.uint(2);
        to.bytes(&self.keys);
        if let Some((kdf, auth)) = &self.new_passphrase {
            to.uint(3);
            kdf.write(to);
            to.uint(4);
            auth.write(to);
        }
        if let Some(device) = &self.add_device {
            to.uint(5);
            device.write(to);
        }
        if let Some(removal) = &self.remove_device {
            to.uint(6);
            removal.write(to);
        }
        if let Some(epoch) = &self.key_epoch {
            to.uint(7);
            epoch.write(to);
        }
        if let Some(Claim { device, signature }) = &self.by {
            to.uint(8);
            device.write(to);
            to.uint(9);
            signature.write(to);
        }
        if let Some(members) = &self.members {
            to.uint(10);
            <List<MAX_IDS> as FieldAs<_>>::write(members, to);
        }
    }

    fn read(from: &mut CborReader<'_>) -> Result<Self, ReadError> {
        let (mut expected_version, mut keys, mut add_device) = (None, None, None);
        let (mut kdf, mut auth) = (None, None);
        let (mut remove_device, mut key_epoch, mut by, mut signature, mut members) = (None, None, None, None, None);
        from.map(|key, from| {
            match key {
                1 => once(&mut expected_version, from.uint()?)?,
                2 => once(&mut keys, from.bytes(MAX_KEYS_MESSAGE_BYTES)?.to_vec())?,
                3 => once(&mut kdf, Wire::read(from)?)?,
                4 => once(&mut auth, Wire::read(from)?)?,
                5 => once(&mut add_device, Wire::read(from)?)?,
                6 => once(&mut remove_device, Wire::read(from)?)?,
                7 => once(&mut key_epoch, Wire::read(from)?)?,
                8 => once(&mut by, Wire::read(from)?)?,
                9 => once(&mut signature, Wire::read(from)?)?,
                10 => once(&mut members, from.list(MAX_IDS)?)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        let new_passphrase = match (kdf, auth) {
            (Some(kdf), Some(auth)) => Some((kdf, auth)),
            (None, None) => None,
            _ => return Err(ReadError("half a new passphrase")),
        };
        Ok(Self {
            expected_version: expected_version.ok_or(ReadError("no expected_version"))?,
            keys: keys.ok_or(ReadError("no keys"))?,
            new_passphrase,
            add_device,
            remove_device,
            key_epoch,
            by: claim(by, signature)?,
            members,
        })
    }
}

wire_map!(ServerInfo {
    1 => version as Plain,
    2 => max_batch_bytes as Plain,
    3 => max_entry_bytes as Plain,
    4 => max_blob_bytes as Plain,
    5 => now_ms as Plain,
});

wire_map!(Prelogin {
    1 => user as Text<MAX_USER_BYTES>,
});

wire_map!(Keys {
    1 => keys as Bytes<MAX_KEYS_MESSAGE_BYTES>,
    2 => version as Plain,
});

wire_map!(KeysVersion {
    1 => version as Plain,
});

wire_map!(ErrorBody {
    1 => code as Plain,
    2 => message as Text<MAX_MESSAGE_BYTES>;
    optional
    3 => extra as Plain,
});
