//! Reading, with every departure from the canonical form refused. Never allocates more than it was given.

use super::DecodeError;

/// Nesting deeper than this is refused.
const MAX_DEPTH: u32 = 32;

/// Reads canonical CBOR from a slice.
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The whole of the bytes, to be read again another way.
    pub fn start(&self) -> &'a [u8] {
        self.bytes
    }

    /// Refuses bytes after the value.
    pub fn finish(&self) -> Result<(), DecodeError> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(DecodeError::NotCanonical) }
    }

    fn take(&mut self, n: u64) -> Result<&'a [u8], DecodeError> {
        let n = usize::try_from(n).map_err(|_| DecodeError::Truncated)?;
        let end = self.at.checked_add(n).ok_or(DecodeError::Truncated)?;
        let slice = self.bytes.get(self.at..end).ok_or(DecodeError::Truncated)?;
        self.at = end;
        Ok(slice)
    }

    fn argument(&mut self, info: u8) -> Result<u64, DecodeError> {
        let (len, least) = match info {
            0..=23 => return Ok(u64::from(info)),
            24 => (1, 24),
            25 => (2, 0x100),
            26 => (4, 0x1_0000),
            27 => (8, 0x1_0000_0000),
            _ => return Err(DecodeError::NotCanonical),
        };
        let n = self.take(len)?.iter().fold(0_u64, |n, b| n << 8 | u64::from(*b));
        if n < least { Err(DecodeError::NotCanonical) } else { Ok(n) }
    }

    fn head(&mut self) -> Result<(u8, u8, u64), DecodeError> {
        let byte = self.take(1)?[0];
        let (major, info) = (byte >> 5, byte & 31);
        if major == 7 {
            return Ok((major, info, 0));
        }
        Ok((major, info, self.argument(info)?))
    }

    fn expect(&mut self, major: u8, what: &'static str) -> Result<u64, DecodeError> {
        match self.head()? {
            (m, _, n) if m == major => Ok(n),
            _ => Err(DecodeError::Unexpected(what)),
        }
    }

    pub fn uint(&mut self, what: &'static str) -> Result<u64, DecodeError> {
        self.expect(0, what)
    }

    pub fn bytes(&mut self, what: &'static str) -> Result<&'a [u8], DecodeError> {
        let n = self.expect(2, what)?;
        self.take(n)
    }

    pub fn fixed<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], DecodeError> {
        self.bytes(what)?.try_into().map_err(|_| DecodeError::Unexpected(what))
    }

    pub fn text(&mut self, what: &'static str) -> Result<&'a str, DecodeError> {
        let n = self.expect(3, what)?;
        std::str::from_utf8(self.take(n)?).map_err(|_| DecodeError::Unexpected(what))
    }

    /// The number of elements; at least a byte each must follow, so that no count can make a caller allocate
    /// more than it was sent.
    pub fn array(&mut self, what: &'static str) -> Result<usize, DecodeError> {
        let n = self.expect(4, what)?;
        self.counted(n)
    }

    /// The number of key-value pairs.
    pub fn map(&mut self, what: &'static str) -> Result<usize, DecodeError> {
        let n = self.expect(5, what)?;
        self.counted(n)
    }

    fn counted(&self, n: u64) -> Result<usize, DecodeError> {
        let left = self.bytes.len() - self.at;
        usize::try_from(n).ok().filter(|n| *n <= left).ok_or(DecodeError::Truncated)
    }

    /// Refuses an array of another length.
    pub fn array_of(&mut self, len: usize, what: &'static str) -> Result<(), DecodeError> {
        if self.array(what)? == len { Ok(()) } else { Err(DecodeError::Unexpected(what)) }
    }

    pub fn bool(&mut self, what: &'static str) -> Result<bool, DecodeError> {
        match self.head()? {
            (7, 20, _) => Ok(false),
            (7, 21, _) => Ok(true),
            _ => Err(DecodeError::Unexpected(what)),
        }
    }

    /// True, and past it, where the next value is null.
    pub fn null(&mut self) -> bool {
        let is = self.bytes.get(self.at) == Some(&0xf6);
        self.at += usize::from(is);
        is
    }

    /// Any one value, checked to be canonical, as its bytes.
    pub fn any(&mut self) -> Result<&'a [u8], DecodeError> {
        let start = self.at;
        self.skip(0)?;
        Ok(&self.bytes[start..self.at])
    }

    fn skip(&mut self, depth: u32) -> Result<(), DecodeError> {
        if depth > MAX_DEPTH {
            return Err(DecodeError::TooLarge);
        }
        let (major, info, n) = self.head()?;
        match major {
            0 | 1 => Ok(()),
            2 => self.take(n).map(drop),
            3 => std::str::from_utf8(self.take(n)?).map(drop).map_err(|_| DecodeError::NotCanonical),
            4 => (0..self.counted(n)?).try_for_each(|_| self.skip(depth + 1)),
            5 => {
                let mut before: &[u8] = &[];
                for _ in 0..self.counted(n)? {
                    let start = self.at;
                    self.skip(depth + 1)?;
                    let key = &self.bytes[start..self.at];
                    if key <= before {
                        return Err(DecodeError::NotCanonical);
                    }
                    before = key;
                    self.skip(depth + 1)?;
                }
                Ok(())
            }
            6 => self.skip(depth + 1),
            _ => match info {
                20..=22 => Ok(()),
                // Floats: no record has one, and their shortest form is not checked here.
                _ => Err(DecodeError::NotCanonical),
            },
        }
    }
}
