//! Small strict CBOR reader and writer: definite lengths, fixed arrays, nothing left over.

use std::convert::Infallible;

use minicbor::{Decoder, Encoder, encode};

use crate::error::CryptoError;

/// Writes CBOR into memory.
pub(crate) struct Writer(Encoder<Vec<u8>>);

impl Writer {
    /// `capacity` is exact or generous where the content is secret: a vector that grows leaves copies behind.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self(Encoder::new(Vec::with_capacity(capacity)))
    }

    pub(crate) fn array(&mut self, length: usize) -> &mut Self {
        written(self.0.array(length as u64).map(drop));
        self
    }

    pub(crate) fn u64(&mut self, value: impl Into<u64>) -> &mut Self {
        written(self.0.u64(value.into()).map(drop));
        self
    }

    pub(crate) fn bytes(&mut self, value: &[u8]) -> &mut Self {
        written(self.0.bytes(value).map(drop));
        self
    }

    pub(crate) fn text(&mut self, value: &str) -> &mut Self {
        written(self.0.str(value).map(drop));
        self
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0.into_writer()
    }
}

/// Writing to a vector cannot fail, and none of our values has an encoding that can.
fn written(result: Result<(), encode::Error<Infallible>>) {
    debug_assert!(result.is_ok(), "writing CBOR to memory");
}

/// Reads CBOR; every error is `Damaged` with the name of what is being read.
pub(crate) struct Reader<'b> {
    decoder: Decoder<'b>,
    what: &'static str,
}

impl<'b> Reader<'b> {
    pub(crate) fn new(bytes: &'b [u8], what: &'static str) -> Self {
        Self { decoder: Decoder::new(bytes), what }
    }

    pub(crate) fn damaged(&self) -> CryptoError {
        CryptoError::Damaged(self.what)
    }

    /// The length of the array that starts here. Allocate nothing from it: it is a claim.
    pub(crate) fn array(&mut self) -> Result<u64, CryptoError> {
        self.decoder.array().ok().flatten().ok_or(CryptoError::Damaged(self.what))
    }

    /// An array of exactly `length` items.
    pub(crate) fn array_of(&mut self, length: u64) -> Result<(), CryptoError> {
        if self.array()? == length { Ok(()) } else { Err(self.damaged()) }
    }

    pub(crate) fn u64(&mut self) -> Result<u64, CryptoError> {
        self.decoder.u64().map_err(|_| CryptoError::Damaged(self.what))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, CryptoError> {
        self.decoder.u32().map_err(|_| CryptoError::Damaged(self.what))
    }

    pub(crate) fn u16(&mut self) -> Result<u16, CryptoError> {
        self.decoder.u16().map_err(|_| CryptoError::Damaged(self.what))
    }

    pub(crate) fn bytes(&mut self) -> Result<&'b [u8], CryptoError> {
        self.decoder.bytes().map_err(|_| CryptoError::Damaged(self.what))
    }

    /// A byte string of exactly `N` bytes.
    pub(crate) fn fixed<const N: usize>(&mut self) -> Result<[u8; N], CryptoError> {
        self.bytes()?.try_into().map_err(|_| CryptoError::Damaged(self.what))
    }

    pub(crate) fn text(&mut self) -> Result<&'b str, CryptoError> {
        self.decoder.str().map_err(|_| CryptoError::Damaged(self.what))
    }

    /// Ends the reading: bytes that are left over are damage.
    pub(crate) fn end(self) -> Result<(), CryptoError> {
        if self.decoder.position() == self.decoder.input().len() { Ok(()) } else { Err(self.damaged()) }
    }
}

/// A checked outer envelope: `[name, version, body, BLAKE3(name ‖ version ‖ body)]`.
///
/// The checksum tells damage from a wrong passphrase. It is no protection against a forger: the seals inside are.
pub(crate) fn to_envelope(name: &'static str, version: u16, body: &[u8]) -> Vec<u8> {
    let mut writer = Writer::with_capacity(body.len() + 96);
    writer.array(4).text(name).u64(version).bytes(body).bytes(&checksum(name, version, body));
    writer.finish()
}

/// The body of an envelope of this name and version.
pub(crate) fn from_envelope<'b>(
    bytes: &'b [u8],
    name: &'static str,
    version: u16,
    max_bytes: usize,
) -> Result<&'b [u8], CryptoError> {
    if bytes.len() > max_bytes {
        return Err(CryptoError::TooLarge);
    }
    let mut reader = Reader::new(bytes, name);
    let length = reader.array()?;
    if length < 2 || reader.text()? != name {
        return Err(reader.damaged());
    }
    let found = reader.u16()?;
    if found > version {
        return Err(CryptoError::NewerVersion(found));
    }
    let body = reader.bytes()?;
    let sum: [u8; 32] = reader.fixed()?;
    if length != 4 || found != version || sum != checksum(name, version, body) {
        return Err(reader.damaged());
    }
    reader.end()?;
    Ok(body)
}

fn checksum(name: &str, version: u16, body: &[u8]) -> [u8; 32] {
    crate::hazmat::hash(crate::hazmat::labels::CHECKSUM, &[name.as_bytes(), &version.to_be_bytes(), body])
}
