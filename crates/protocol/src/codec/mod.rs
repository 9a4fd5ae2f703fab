//! The CBOR of wire v1. Every message is a map with small integer keys, in ascending order, of definite length
//! (RFC 8949). A reader ignores keys that it does not know, so that a later version may add some; it refuses a
//! key that comes twice, a length above the limit, indefinite lengths, and bytes after the message.

mod batches;
mod healing;
mod messages;
#[cfg(test)]
mod tests;

use minicbor::{Decoder, Encoder};

use crate::ProtocolError;

/// The media type of every body that is not a blob.
pub const MEDIA_TYPE: &str = "application/cbor";

/// A value with a place on the wire. Sealed by its methods: only this crate defines formats.
pub trait Wire: Sized {
    #[doc(hidden)]
    fn write(&self, to: &mut CborWriter);
    #[doc(hidden)]
    fn read(from: &mut CborReader<'_>) -> Result<Self, ReadError>;
}

/// The bytes of a message. Deterministic: equal values give equal bytes.
pub fn encode<T: Wire>(value: &T) -> Vec<u8> {
    let mut to = CborWriter(Encoder::new(Vec::new()));
    value.write(&mut to);
    to.0.into_writer()
}

/// Reads exactly one message. Never panics, and allocates at most in proportion to `bytes`.
/// Fails with [`ProtocolError::Malformed`].
pub fn decode<T: Wire>(bytes: &[u8]) -> Result<T, ProtocolError> {
    let mut from = CborReader(Decoder::new(bytes));
    let value = T::read(&mut from).map_err(|e| ProtocolError::Malformed(e.0.into()))?;
    if from.0.position() == bytes.len() {
        Ok(value)
    } else {
        Err(ProtocolError::Malformed("bytes after the end".into()))
    }
}

/// Why bytes are not a message; never holds any of them.
#[derive(Debug)]
pub struct ReadError(pub(crate) &'static str);

impl From<minicbor::decode::Error> for ReadError {
    fn from(error: minicbor::decode::Error) -> Self {
        Self(if error.is_end_of_input() { "cut short" } else { "not the expected type" })
    }
}

/// Writes CBOR into memory, which cannot fail.
pub struct CborWriter(Encoder<Vec<u8>>);

impl CborWriter {
    fn infallible(result: Result<&mut Encoder<Vec<u8>>, minicbor::encode::Error<std::convert::Infallible>>) {
        debug_assert!(result.is_ok(), "writing into memory");
    }

    pub(crate) fn uint(&mut self, value: u64) {
        Self::infallible(self.0.u64(value));
    }

    pub(crate) fn bool(&mut self, value: bool) {
        Self::infallible(self.0.bool(value));
    }

    pub(crate) fn bytes(&mut self, value: &[u8]) {
        Self::infallible(self.0.bytes(value));
    }

    pub(crate) fn text(&mut self, value: &str) {
        Self::infallible(self.0.str(value));
    }

    pub(crate) fn map(&mut self, fields: usize) {
        Self::infallible(self.0.map(fields as u64));
    }

    pub(crate) fn array(&mut self, items: usize) {
        Self::infallible(self.0.array(items as u64));
    }
}

/// Reads CBOR from memory, with a limit on everything that has a length.
pub struct CborReader<'b>(Decoder<'b>);

impl CborReader<'_> {
    pub(crate) fn uint(&mut self) -> Result<u64, ReadError> {
        Ok(self.0.u64()?)
    }

    pub(crate) fn bool(&mut self) -> Result<bool, ReadError> {
        Ok(self.0.bool()?)
    }

    pub(crate) fn bytes(&mut self, max: usize) -> Result<&[u8], ReadError> {
        let bytes = self.0.bytes()?;
        if bytes.len() > max { Err(ReadError("too long")) } else { Ok(bytes) }
    }

    pub(crate) fn fixed<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        self.bytes(N)?.try_into().map_err(|_| ReadError("wrong length"))
    }

    pub(crate) fn text(&mut self, max: usize) -> Result<String, ReadError> {
        let text = self.0.str()?;
        if text.len() > max { Err(ReadError("too long")) } else { Ok(text.to_owned()) }
    }

    pub(crate) fn list<T: Wire>(&mut self, max: usize) -> Result<Vec<T>, ReadError> {
        let len = self.0.array()?.ok_or(ReadError("indefinite length"))?;
        let left = self.0.input().len() - self.0.position();
        // Each item takes at least one byte, so a length above what is left is a lie.
        if len > max as u64 || len > left as u64 {
            return Err(ReadError("too long"));
        }
        let mut items = Vec::new();
        for _ in 0..len {
            items.push(T::read(self)?);
        }
        Ok(items)
    }

    /// Calls `field` with each key; `field` reads the value and answers true, or answers false for a key that
    /// it does not know.
    pub(crate) fn map(
        &mut self,
        mut field: impl FnMut(u64, &mut Self) -> Result<bool, ReadError>,
    ) -> Result<(), ReadError> {
        let len = self.0.map()?.ok_or(ReadError("indefinite length"))?;
        for _ in 0..len {
            let key = self.0.u64()?;
            if !field(key, self)? {
                self.0.skip()?;
            }
        }
        Ok(())
    }
}

/// Fills a field that must come once.
pub(crate) fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), ReadError> {
    if slot.replace(value).is_some() { Err(ReadError("a field comes twice")) } else { Ok(()) }
}

/// How a field's type stands on the wire where the type alone does not say, because it needs a limit.
pub(crate) trait FieldAs<T> {
    fn write(value: &T, to: &mut CborWriter);
    fn read(from: &mut CborReader<'_>) -> Result<T, ReadError>;
}

/// A field whose type has one form.
pub(crate) struct Plain;
/// A byte string of at most `MAX` bytes.
pub(crate) struct Bytes<const MAX: usize>;
/// Text of at most `MAX` bytes of UTF-8.
pub(crate) struct Text<const MAX: usize>;
/// An array of at most `MAX` items.
pub(crate) struct List<const MAX: usize>;

impl<T: Wire> FieldAs<T> for Plain {
    fn write(value: &T, to: &mut CborWriter) {
        value.write(to);
    }
    fn read(from: &mut CborReader<'_>) -> Result<T, ReadError> {
        T::read(from)
    }
}

impl<const MAX: usize> FieldAs<Vec<u8>> for Bytes<MAX> {
    fn write(value: &Vec<u8>, to: &mut CborWriter) {
        to.bytes(value);
    }
    fn read(from: &mut CborReader<'_>) -> Result<Vec<u8>, ReadError> {
        Ok(from.bytes(MAX)?.to_vec())
    }
}

impl<const MAX: usize> FieldAs<String> for Text<MAX> {
    fn write(value: &String, to: &mut CborWriter) {
        to.text(value);
    }
    fn read(from: &mut CborReader<'_>) -> Result<String, ReadError> {
        from.text(MAX)
    }
}

impl<T: Wire, const MAX: usize> FieldAs<Vec<T>> for List<MAX> {
    fn write(value: &Vec<T>, to: &mut CborWriter) {
        to.array(value.len());
        for item in value {
            item.write(to);
        }
    }
    fn read(from: &mut CborReader<'_>) -> Result<Vec<T>, ReadError> {
        from.list(MAX)
    }
}

/// Defines the map form of a struct: `key => field as how`. Fields after `optional` may be absent.
macro_rules! wire_map {
    ($type:ident { $($key:literal => $field:ident as $how:ty),+ $(,)? $(; optional $($okey:literal => $ofield:ident as $ohow:ty),+ $(,)?)? }) => {
        impl $crate::codec::Wire for $type {
            fn write(&self, to: &mut $crate::codec::CborWriter) {
                let fields = [$($key),+].len() $(+ [$(self.$ofield.is_some()),+].iter().filter(|is| **is).count())?;
                to.map(fields);
                $(
                    to.uint($key);
                    <$how as $crate::codec::FieldAs<_>>::write(&self.$field, to);
                )+
                $($(
                    if let Some(value) = &self.$ofield {
                        to.uint($okey);
                        <$ohow as $crate::codec::FieldAs<_>>::write(value, to);
                    }
                )+)?
            }
            fn read(from: &mut $crate::codec::CborReader<'_>) -> Result<Self, $crate::codec::ReadError> {
                $(let mut $field = None;)+
                $($(let mut $ofield = None;)+)?
                from.map(|key, from| {
                    match key {
                        $($key => $crate::codec::once(&mut $field, <$how as $crate::codec::FieldAs<_>>::read(from)?)?,)+
                        $($($okey => $crate::codec::once(&mut $ofield, <$ohow as $crate::codec::FieldAs<_>>::read(from)?)?,)+)?
                        _ => return Ok(false),
                    }
                    Ok(true)
                })?;
                Ok(Self {
                    $($field: $field.ok_or($crate::codec::ReadError(concat!("no ", stringify!($field))))?,)+
                    $($($ofield,)+)?
                })
            }
        }
    };
}
pub(crate) use wire_map;

macro_rules! wire_uint {
    ($($type:ty),+) => {$(
        impl Wire for $type {
            fn write(&self, to: &mut CborWriter) {
                to.uint(u64::from(*self));
            }
            fn read(from: &mut CborReader<'_>) -> Result<Self, ReadError> {
                from.uint()?.try_into().map_err(|_| ReadError("a number is too large"))
            }
        }
    )+};
}
wire_uint!(u16, u32, u64);

macro_rules! wire_fixed {
    ($($type:path),+) => {$(
        impl Wire for $type {
            fn write(&self, to: &mut CborWriter) {
                to.bytes(&self.0);
            }
            fn read(from: &mut CborReader<'_>) -> Result<Self, ReadError> {
                Ok($type(from.fixed()?))
            }
        }
    )+};
}
wire_fixed!(crate::SpaceId, crate::DeviceId, crate::AccountId, crate::Rid, crate::Hash, crate::Cid, crate::LoginSecret);

impl Wire for bool {
    fn write(&self, to: &mut CborWriter) {
        to.bool(*self);
    }
    fn read(from: &mut CborReader<'_>) -> Result<Self, ReadError> {
        from.bool()
    }
}

impl<const N: usize> Wire for [u8; N] {
    fn write(&self, to: &mut CborWriter) {
        to.bytes(self);
    }
    fn read(from: &mut CborReader<'_>) -> Result<Self, ReadError> {
        from.fixed()
    }
}
