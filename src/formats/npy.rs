//! NumPy's `.npy`: a header that says type, order and shape, then the elements.
//!
//! An `.npz` is a zip archive of such files, each named `<array>.npy`.
//!
//! Source: `numpy.lib.format`, versions 1.0 to 3.0 of the format.

use std::io::{self, Read};

/// First bytes of every file.
pub const MAGIC: &[u8] = b"\x93NUMPY";

/// Longest header that is read [B], as NumPy itself limits it.
/// Source: `numpy.lib.format.read_array`, `max_header_size`.
const MAX_HEADER: usize = 10_000;

/// Bytes that the first element is aligned to.
/// Source: `numpy.lib.format`, `ARRAY_ALIGN`.
const ALIGNMENT: usize = 64;

/// Why bytes are no array that can be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NpyError {
    /// The operating system refuses.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The bytes violate the format.
    #[error("{0}")]
    Malformed(String),
    /// A list of fields, or an array in each element.
    #[error("structured arrays are not supported")]
    Structured,
    /// A type of element without a [`ElementKind`].
    #[error("elements of type {0} are not supported; store integers, bool, float32 or float64")]
    ElementType(String),
    /// A shape of more bytes than can be counted.
    #[error("an array of shape {0:?} has more bytes than can be addressed")]
    TooLarge(Vec<usize>),
    /// The bytes end too early.
    #[error("it is truncated: {expected} bytes expected, {found} found")]
    Truncated {
        /// Bytes announced.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// Bytes follow the last element.
    #[error("it goes on behind the {expected} bytes that its header announces")]
    Excess {
        /// Bytes announced.
        expected: u64,
    },
}

/// Type of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElementKind {
    /// One byte, 0 or 1.
    Bool,
    /// Unsigned, 8 bits.
    U8,
    /// Unsigned, 16 bits.
    U16,
    /// Unsigned, 32 bits.
    U32,
    /// Unsigned, 64 bits.
    U64,
    /// Signed, 8 bits.
    I8,
    /// Signed, 16 bits.
    I16,
    /// Signed, 32 bits.
    I32,
    /// Signed, 64 bits.
    I64,
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary64.
    F64,
}

/// Each kind with NumPy's letter and its size [B].
const KINDS: [(ElementKind, &str, usize); 11] = [
    (ElementKind::Bool, "b1", 1),
    (ElementKind::U8, "u1", 1),
    (ElementKind::U16, "u2", 2),
    (ElementKind::U32, "u4", 4),
    (ElementKind::U64, "u8", 8),
    (ElementKind::I8, "i1", 1),
    (ElementKind::I16, "i2", 2),
    (ElementKind::I32, "i4", 4),
    (ElementKind::I64, "i8", 8),
    (ElementKind::F32, "f4", 4),
    (ElementKind::F64, "f8", 8),
];

impl ElementKind {
    fn row(self) -> (&'static str, usize) {
        let row = KINDS.iter().find(|(kind, ..)| *kind == self);
        row.map_or(("", 0), |&(_, code, size)| (code, size))
    }

    /// Size of an element [B].
    #[must_use]
    pub fn size(self) -> usize {
        self.row().1
    }

    /// The kind of a description such as `<f4`, and whether its high bytes come first.
    fn parse(description: &str) -> Option<(ElementKind, bool)> {
        let order = description.chars().next()?;
        let code = description.trim_start_matches(['<', '>', '|', '=']);
        let &(kind, _, size) = KINDS.iter().find(|(_, known, _)| *known == code)?;
        // The order of one byte says nothing; that of more bytes has to be said.
        let is_known = size == 1 || "<>".contains(order);
        is_known.then_some((kind, order == '>'))
    }
}

/// What an array is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Type of its elements.
    pub kind: ElementKind,
    /// Whether the high byte of an element comes first.
    pub big_endian: bool,
    /// Whether the first index changes fastest.
    pub fortran_order: bool,
    /// Its shape.
    pub dims: Vec<usize>,
}

impl Header {
    /// Header of an array in row-major order as this program writes it.
    #[must_use]
    pub fn row_major(kind: ElementKind, dims: &[usize]) -> Self {
        Header {
            kind,
            big_endian: false,
            fortran_order: false,
            dims: dims.to_vec(),
        }
    }

    /// Reads the header at the front of `bytes`; gives also its length [B].
    ///
    /// # Errors
    /// If it is cut off, longer than NumPy allows, or describes what cannot be read.
    pub fn parse(bytes: &[u8]) -> Result<(Self, usize), NpyError> {
        let (start, end) = extent(bytes)?;
        let text = bytes.get(start..end).ok_or(NpyError::Truncated {
            expected: end as u64,
            found: bytes.len() as u64,
        })?;
        let text = std::str::from_utf8(text).map_err(|error| malformed(error.to_string()))?;
        let text = text
            .strip_suffix('\n')
            .ok_or_else(|| malformed("its header does not end with a line break"))?;
        Ok((Literal { rest: text }.header()?, end))
    }

    /// Reads the header at the front of a stream and nothing behind it; gives also its length [B].
    ///
    /// # Errors
    /// As [`Header::parse`], or if the stream cannot be read.
    pub fn read(reader: &mut impl Read) -> Result<(Self, usize), NpyError> {
        // No header is shorter than the longest start.
        let mut bytes = Vec::with_capacity(128);
        reader.by_ref().take(12).read_to_end(&mut bytes)?;
        let (_, end) = extent(&bytes)?;
        let missing = end.saturating_sub(bytes.len()) as u64;
        reader.by_ref().take(missing).read_to_end(&mut bytes)?;
        Header::parse(&bytes)
    }

    /// Number of elements times bytes of each.
    ///
    /// # Errors
    /// If they are more than can be addressed.
    pub fn data_bytes(&self) -> Result<u64, NpyError> {
        self.dims
            .iter()
            .try_fold(self.kind.size(), |bytes, &dim| bytes.checked_mul(dim))
            .map(|bytes| bytes as u64)
            .ok_or_else(|| NpyError::TooLarge(self.dims.clone()))
    }

    /// The header as bytes, padded so that the elements behind it are aligned.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (code, size) = self.kind.row();
        let order = match (size, self.big_endian) {
            (1, _) => '|',
            (_, true) => '>',
            (_, false) => '<',
        };
        let fortran = if self.fortran_order { "True" } else { "False" };
        let dims: Vec<String> = self.dims.iter().map(|dim| format!("{dim},")).collect();
        let dims = dims.join(" ");
        let text = format!(
            "{{'descr': '{order}{code}', 'fortran_order': {fortran}, 'shape': ({dims}), }}"
        );
        let padded = |start: usize| (start + text.len() + 1).next_multiple_of(ALIGNMENT) - start;
        let mut header = MAGIC.to_vec();
        let length = match u16::try_from(padded(10)) {
            Ok(length) => {
                header.extend([1, 0]);
                header.extend(length.to_le_bytes());
                usize::from(length)
            }
            Err(_) => {
                header.extend([2, 0]);
                header.extend((padded(12) as u32).to_le_bytes());
                padded(12)
            }
        };
        header.extend(text.as_bytes());
        header.extend(std::iter::repeat_n(b' ', length - 1 - text.len()));
        header.push(b'\n');
        header
    }

    /// The elements in row-major order, whatever the order in the file; `data` is all that follows
    /// the header.
    ///
    /// # Errors
    /// If `data` has not exactly the bytes that the shape takes, or if an element is no `T`.
    pub fn elements<T: Element>(&self, data: &[u8]) -> Result<Vec<T>, NpyError> {
        if T::KIND != self.kind {
            return Err(NpyError::ElementType(self.kind.row().0.to_owned()));
        }
        let (found, expected) = (data.len() as u64, self.data_bytes()?);
        if found < expected {
            return Err(NpyError::Truncated { expected, found });
        }
        if found > expected {
            return Err(NpyError::Excess { expected });
        }
        let mut values = Vec::with_capacity(data.len() / self.kind.size());
        for bytes in data.chunks_exact(size_of::<T>()) {
            values.push(T::read(bytes, self.big_endian)?);
        }
        Ok(if self.fortran_order {
            row_major(&values, &self.dims)
        } else {
            values
        })
    }
}

/// Shape and elements, in row-major order, of the bytes of an `.npy` file.
///
/// # Errors
/// If the bytes are no array, or an array of another type.
pub fn decode<T: Element>(bytes: &[u8]) -> Result<(Vec<usize>, Vec<T>), NpyError> {
    let (header, end) = Header::parse(bytes)?;
    let values = header.elements(&bytes[end..])?;
    Ok((header.dims, values))
}

/// The bytes of an `.npy` file of `values`, in row-major order, with the shape `dims`.
#[must_use]
pub fn encode<T: Element>(dims: &[usize], values: &[T]) -> Vec<u8> {
    debug_assert_eq!(dims.iter().product::<usize>(), values.len());
    let mut bytes = Header::row_major(T::KIND, dims).to_bytes();
    bytes.reserve(size_of_val(values));
    values.iter().for_each(|value| value.write(&mut bytes));
    bytes
}

/// A type that arrays hold.
pub trait Element: Copy {
    /// Its kind.
    const KIND: ElementKind;

    /// One element of exactly as many bytes as it takes.
    ///
    /// # Errors
    /// If the bytes are no such value.
    fn read(bytes: &[u8], big_endian: bool) -> Result<Self, NpyError>;

    /// Appends the element, low byte first.
    fn write(self, bytes: &mut Vec<u8>);
}

macro_rules! number {
    ($($number:ty: $kind:ident),*) => {$(
        impl Element for $number {
            const KIND: ElementKind = ElementKind::$kind;

            fn read(bytes: &[u8], big_endian: bool) -> Result<Self, NpyError> {
                let bytes = bytes.try_into().map_err(|_| malformed("an element is cut off"))?;
                Ok(match big_endian {
                    true => Self::from_be_bytes(bytes),
                    false => Self::from_le_bytes(bytes),
                })
            }

            fn write(self, bytes: &mut Vec<u8>) {
                bytes.extend(self.to_le_bytes());
            }
        }
    )*};
}

number!(u8: U8, u16: U16, u32: U32, u64: U64, i8: I8, i16: I16, i32: I32, i64: I64, f32: F32, f64: F64);

impl Element for bool {
    const KIND: ElementKind = ElementKind::Bool;

    fn read(bytes: &[u8], _: bool) -> Result<Self, NpyError> {
        match bytes {
            [0] => Ok(false),
            [1] => Ok(true),
            other => Err(malformed(format!("the bytes {other:?} are no bool"))),
        }
    }

    fn write(self, bytes: &mut Vec<u8>) {
        bytes.push(u8::from(self));
    }
}

fn malformed(reason: impl Into<String>) -> NpyError {
    NpyError::Malformed(reason.into())
}

/// Where the text of a header begins and ends.
fn extent(bytes: &[u8]) -> Result<(usize, usize), NpyError> {
    let (start, length) = match bytes.strip_prefix(MAGIC) {
        Some([1, 0, a, b, ..]) => (10, usize::from(u16::from_le_bytes([*a, *b]))),
        Some([2 | 3, 0, a, b, c, d, ..]) => (12, u32::from_le_bytes([*a, *b, *c, *d]) as usize),
        _ => {
            return Err(malformed("its header is cut off or of an unknown version"));
        }
    };
    if length > MAX_HEADER {
        return Err(malformed(format!("a header of {length} bytes")));
    }
    Ok((start, start + length))
}

/// Elements whose first index changed fastest, with the last one fastest.
fn row_major<T: Copy>(values: &[T], dims: &[usize]) -> Vec<T> {
    let mut strides = Vec::with_capacity(dims.len());
    let mut stride = 1usize;
    for &dim in dims {
        strides.push(stride);
        stride = stride.saturating_mul(dim);
    }
    let (mut index, mut at) = (vec![0; dims.len()], 0);
    let mut out = Vec::with_capacity(values.len());
    for _ in 0..values.len() {
        out.push(values[at]);
        for axis in (0..dims.len()).rev() {
            index[axis] += 1;
            at += strides[axis];
            if index[axis] < dims[axis] {
                break;
            }
            at -= strides[axis] * dims[axis];
            index[axis] = 0;
        }
    }
    out
}

/// The text of a header: a dictionary of Python, of which just what NumPy writes is understood.
struct Literal<'a> {
    rest: &'a str,
}

impl<'a> Literal<'a> {
    fn header(mut self) -> Result<Header, NpyError> {
        let (mut kind, mut fortran_order, mut dims) = (None, None, None);
        self.expect('{')?;
        while !self.take('}') {
            let key = self.string()?;
            self.expect(':')?;
            let is_new = match key {
                "descr" => kind.replace(self.kind()?).is_none(),
                "fortran_order" => fortran_order.replace(self.boolean()?).is_none(),
                "shape" => dims.replace(self.dims()?).is_none(),
                other => {
                    return Err(malformed(format!(
                        "its header has the unknown key {other:?}"
                    )));
                }
            };
            if !is_new {
                return Err(malformed(format!("its header has the key {key:?} twice")));
            }
            if !self.take(',') {
                self.expect('}')?;
                break;
            }
        }
        self.skip_space();
        if !self.rest.is_empty() {
            return Err(self.unexpected("the end"));
        }
        let missing = |key: &str| malformed(format!("its header has no {key:?}"));
        let (kind, big_endian) = kind.ok_or_else(|| missing("descr"))?;
        Ok(Header {
            kind,
            big_endian,
            fortran_order: fortran_order.ok_or_else(|| missing("fortran_order"))?,
            dims: dims.ok_or_else(|| missing("shape"))?,
        })
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    fn take(&mut self, wanted: char) -> bool {
        self.skip_space();
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, wanted: char) -> Result<(), NpyError> {
        match self.take(wanted) {
            true => Ok(()),
            false => Err(self.unexpected(&format!("'{wanted}'"))),
        }
    }

    fn unexpected(&self, wanted: &str) -> NpyError {
        let shown: String = self.rest.chars().take(20).collect();
        malformed(format!("its header has {shown:?} instead of {wanted}"))
    }

    fn string(&mut self) -> Result<&'a str, NpyError> {
        let quote = ['\'', '"'].into_iter().find(|quote| self.take(*quote));
        let Some((text, rest)) = quote.and_then(|quote| self.rest.split_once(quote)) else {
            return Err(self.unexpected("a string"));
        };
        self.rest = rest;
        Ok(text)
    }

    fn kind(&mut self) -> Result<(ElementKind, bool), NpyError> {
        self.skip_space();
        if self.rest.starts_with(['[', '(', '{']) {
            return Err(NpyError::Structured);
        }
        let description = self.string()?;
        ElementKind::parse(description).ok_or_else(|| NpyError::ElementType(description.to_owned()))
    }

    fn boolean(&mut self) -> Result<bool, NpyError> {
        self.skip_space();
        for (word, value) in [("True", true), ("False", false)] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err(self.unexpected("True or False"))
    }

    fn dims(&mut self) -> Result<Vec<usize>, NpyError> {
        let mut dims = Vec::new();
        self.expect('(')?;
        while !self.take(')') {
            let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, rest) = self.rest.split_at(digits);
            if number.is_empty() {
                return Err(self.unexpected("a length"));
            }
            dims.push(
                number
                    .parse()
                    .map_err(|_| malformed(format!("its shape has the length {number}")))?,
            );
            // Python 2 marked long integers.
            self.rest = rest.strip_prefix('L').unwrap_or(rest);
            // A number in brackets without a comma would be no tuple.
            if !self.take(',') {
                self.expect(')')?;
                if dims.len() == 1 {
                    return Err(malformed("its shape is a number and no tuple"));
                }
                break;
            }
        }
        Ok(dims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header(text: &str) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((text.len() as u16 + 1).to_le_bytes());
        bytes.extend(text.as_bytes());
        bytes.push(b'\n');
        bytes
    }

    fn parse(text: &str) -> Result<Header, String> {
        let bytes = header(text);
        let whole = Header::parse(&bytes).map_err(|error| error.to_string());
        let streamed = Header::read(&mut &bytes[..]).map_err(|error| error.to_string());
        assert_eq!(whole, streamed);
        whole.map(|(header, end)| {
            assert_eq!(end, bytes.len());
            header
        })
    }

    #[test]
    fn worked_header_as_numpy_writes_it() {
        let header = Header::row_major(ElementKind::F32, &[3, 5]);
        let bytes = header.to_bytes();
        let text = b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (3, 5,), }";
        assert!(bytes.starts_with(text));
        assert_eq!((bytes.len(), bytes[127]), (128, b'\n'));
        assert!(bytes[text.len()..127].iter().all(|byte| *byte == b' '));
        assert_eq!(Header::parse(&bytes).unwrap(), (header, 128));
    }

    #[test]
    fn accepts_every_order_of_keys_quotes_and_tuples() {
        for (text, dims) in [
            (
                "{'shape': (), 'descr': '>i2', 'fortran_order': True}",
                vec![],
            ),
            (
                "{\"descr\":\">i2\",\"fortran_order\":True,\"shape\":(7,)}",
                vec![7],
            ),
            (
                "{ 'descr' : '>i2' , 'fortran_order' : True , 'shape' : ( 2L , 3L ) , }  ",
                vec![2, 3],
            ),
        ] {
            let expected = Header {
                kind: ElementKind::I16,
                big_endian: true,
                fortran_order: true,
                dims,
            };
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn each_fault_of_a_header_is_named() {
        let with = |descr: &str, order: &str, shape: &str| {
            parse(&format!(
                "{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}}}"
            ))
        };
        for (result, said) in [
            (with("[('a', '<f4')]", "False", "(1,)"), "structured arrays"),
            (with("('<f4', (2,))", "False", "(1,)"), "structured arrays"),
            (with("'|O'", "False", "(1,)"), "type |O"),
            (with("'<f2'", "False", "(1,)"), "type <f2"),
            (with("'f4'", "False", "(1,)"), "type f4"),
            (with("'=f4'", "False", "(1,)"), "type =f4"),
            (with("''", "False", "(1,)"), "type "),
            (with("4", "False", "(1,)"), "instead of a string"),
            (with("'<f4", "False", "1"), "elements of type <f4, "),
            (
                with("'<f4'", "None", "(1,)"),
                "\"None, 'shape': (1,)}\" instead of True or False",
            ),
            (with("'<f4'", "False", "(1)"), "no tuple"),
            (with("'<f4'", "False", "(-1,)"), "instead of a length"),
            (with("'<f4'", "False", "(1, 2"), "instead of"),
            (with("'<f4'", "False", "((1,),)"), "instead of a length"),
            (
                with("'<f4'", "False", "(99999999999999999999,)"),
                "the length 99999999999999999999",
            ),
            (with("'<f4'", "False", "(1,), 'x': 1"), "unknown key \"x\""),
            (
                with("'<f4'", "False", "(1,), 'shape': (2,)"),
                "\"shape\" twice",
            ),
            (with("'<f4'", "False", "(1,)} {"), "instead of the end"),
            (
                parse("{'descr': '<f4', 'shape': (1,)}"),
                "no \"fortran_order\"",
            ),
            (parse("{}"), "no \"descr\""),
            (parse(""), "instead of '{'"),
            (parse(&"(".repeat(9000)), "instead of '{'"),
            (parse(&" ".repeat(20_000)), "a header of 20001 bytes"),
        ] {
            let error = result.expect_err(said);
            assert!(error.contains(said), "{error} / {said}");
        }
        for (bytes, said) in [
            (&b""[..], "cut off"),
            (b"\x93NUMPY\x01\x00", "cut off"),
            (b"\x93NUMPY\x01\x01\x10\x00", "unknown version"),
            (b"\x93NUMPY\x04\x00\x10\x00\x00\x00", "unknown version"),
            (b"\x93NUMPX\x01\x00\x10\x00", "cut off"),
            (
                b"\x93NUMPY\x02\x00\xff\xff\xff\xff",
                "a header of 4294967295 bytes",
            ),
            (
                b"\x93NUMPY\x01\x00\x10\x00{",
                "truncated: 26 bytes expected, 11 found",
            ),
            (b"\x93NUMPY\x01\x00\x02\x00{}", "line break"),
            (b"\x93NUMPY\x01\x00\x02\x00\xff\n", "utf-8"),
        ] {
            let error = Header::parse(bytes).unwrap_err().to_string();
            assert!(error.contains(said), "{error} / {said}");
            assert!(Header::read(&mut &bytes[..]).is_err());
        }
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused_before_anything_is_allocated() {
        let of = |dims: &[usize], data: &[u8]| {
            Header::row_major(ElementKind::F32, dims).elements::<f32>(data)
        };
        assert_eq!(of(&[], &[0; 4]).unwrap(), [0.0]);
        assert_eq!(of(&[0, usize::MAX], &[]).unwrap(), [0.0; 0]);
        for (dims, data) in [(&[2][..], 7), (&[2], 9), (&[99_999_999_999, 9], 4)] {
            assert!(of(dims, &vec![0; data]).is_err());
        }
        assert!(matches!(
            of(&[usize::MAX, 2], &[]),
            Err(NpyError::TooLarge(_))
        ));
        assert!(matches!(of(&[1 << 62], &[]), Err(NpyError::TooLarge(_))));
        assert!(
            Header::row_major(ElementKind::U8, &[4])
                .elements::<f32>(&[0; 4])
                .is_err()
        );
        assert!(
            Header::row_major(ElementKind::Bool, &[1])
                .elements::<bool>(&[2])
                .is_err()
        );
    }

    #[test]
    fn worked_big_endian_and_fortran_order() {
        let mut header = Header::row_major(ElementKind::U16, &[2, 3]);
        header.big_endian = true;
        header.fortran_order = true;
        // Columns (0, 3), (1, 4), (2, 5).
        let data = [0, 0, 0, 3, 0, 1, 0, 4, 0, 2, 0, 5];
        assert_eq!(header.elements::<u16>(&data).unwrap(), [0, 1, 2, 3, 4, 5]);
        assert_eq!(Header::parse(&header.to_bytes()).unwrap().0, header);
    }

    #[test]
    fn every_kind_comes_back() {
        fn back<T: Element + PartialEq + std::fmt::Debug>(values: &[T]) {
            let bytes = encode(&[values.len()], values);
            assert_eq!(
                decode::<T>(&bytes).unwrap(),
                (vec![values.len()], values.to_vec())
            );
            assert_eq!(T::KIND.size(), size_of::<T>());
        }
        back(&[true, false]);
        back(&[0u8, u8::MAX]);
        back(&[0u16, u16::MAX]);
        back(&[0u32, u32::MAX]);
        back(&[0u64, u64::MAX]);
        back(&[i8::MIN, -1, i8::MAX]);
        back(&[i16::MIN, -1, i16::MAX]);
        back(&[i32::MIN, -1, i32::MAX]);
        back(&[i64::MIN, -1, i64::MAX]);
        back(&[f32::MIN_POSITIVE, -0.5, f32::INFINITY]);
        back(&[f64::MIN_POSITIVE, -0.5, f64::NEG_INFINITY]);
        // A header too long for version 1.0 is of version 2.0.
        let long = Header::row_major(ElementKind::U8, &[1; 30_000]).to_bytes();
        assert_eq!((long[6], long.len() % ALIGNMENT), (2, 0));
    }

    proptest! {
        #[test]
        fn fortran_order_is_the_transpose_of_the_reversed_shape(
            dims in prop::collection::vec(0usize..5, 0..5)
        ) {
            let len: usize = dims.iter().product();
            let values: Vec<u32> = (0..len as u32).collect();
            let reordered = row_major(&values, &dims);
            prop_assert_eq!(reordered.len(), len);
            for (at, value) in reordered.into_iter().enumerate() {
                let (mut rest, mut place, mut stride) = (at, 0, 1);
                let mut index: Vec<usize> = dims.iter().rev().map(|dim| {
                    let here = rest % dim;
                    rest /= dim;
                    here
                }).collect();
                index.reverse();
                for (i, dim) in index.iter().zip(&dims) {
                    place += i * stride;
                    stride *= dim;
                }
                prop_assert_eq!(value as usize, place);
            }
        }

        #[test]
        fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..80), version in 1u8..4) {
            let mut file = MAGIC.to_vec();
            file.extend([version, 0]);
            file.extend(&bytes);
            let _ = Header::parse(&file);
            let _ = parse(&String::from_utf8_lossy(&bytes));
            let _ = decode::<f32>(&file);
        }
    }

    /// What NumPy writes is read as it was, and what is written here NumPy reads.
    #[test]
    fn reference_arrays_that_numpy_writes_and_reads() {
        const SCRIPT: &str = r#"
import sys, numpy as np
d = sys.argv[1] + "/"
for kind in "b1 u1 u2 u4 u8 i1 i2 i4 i8 f4 f8".split():
    for order in "<>":
        for layout in "CF":
            x = (np.arange(24).reshape(2, 3, 4) % 2 if kind == "b1" else np.arange(24).reshape(2, 3, 4))
            x = np.asarray(x.astype(order + kind), order=layout)
            np.save(f"{d}{kind}{order == '<'}{layout}.npy", x)
np.save(d + "scalar.npy", np.float64(0.1)); np.save(d + "empty.npy", np.zeros((0, 3), "f4"))
with open(d + "second.npy", "wb") as f:
    np.lib.format.write_array(f, np.arange(3, dtype="<i8"), version=(2, 0))
back = np.load(d + "back.npy")
assert back.dtype == np.float32 and back.shape == (2, 3), (back.dtype, back.shape)
assert (back == np.array([[0.1, 1, 2], [3, 4, 5]], "f4")).all(), back
"#;
        let python =
            |args: &[&std::ffi::OsStr]| std::process::Command::new("python3").args(args).output();
        let has_numpy = python(&["-c".as_ref(), "import numpy".as_ref()]);
        if !has_numpy.is_ok_and(|output| output.status.success()) {
            eprintln!("SKIPPED: python3 with numpy is not installed");
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(
            at("back.npy"),
            encode(&[2, 3], &[0.1f32, 1.0, 2.0, 3.0, 4.0, 5.0]),
        )
        .unwrap();
        let output = python(&["-c".as_ref(), SCRIPT.as_ref(), dir.path().as_ref()]).unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let load = |name: &str| std::fs::read(at(name)).unwrap();
        fn check<T: Element + Into<f64>>(load: &dyn Fn(&str) -> Vec<u8>) {
            for little in ["True", "False"] {
                for layout in ["C", "F"] {
                    let name = format!("{}{little}{layout}.npy", T::KIND.row().0);
                    let (dims, values) = decode::<T>(&load(&name)).unwrap();
                    assert_eq!(dims, [2, 3, 4], "{name}");
                    for (i, value) in values.into_iter().enumerate() {
                        assert_eq!(value.into(), i as f64, "{name}");
                    }
                }
            }
        }
        check::<u8>(&load);
        check::<u16>(&load);
        check::<u32>(&load);
        check::<i8>(&load);
        check::<i16>(&load);
        check::<i32>(&load);
        check::<f32>(&load);
        check::<f64>(&load);
        let expected: Vec<i64> = (0..24).collect();
        assert_eq!(decode::<i64>(&load("i8FalseF.npy")).unwrap().1, expected);
        assert_eq!(decode::<u64>(&load("u8TrueF.npy")).unwrap().1[23], 23);
        assert_eq!(
            decode::<bool>(&load("b1TrueF.npy")).unwrap().1[..4],
            [false, true, false, true]
        );
        assert_eq!(
            decode::<f64>(&load("scalar.npy")).unwrap(),
            (vec![], vec![0.1])
        );
        assert_eq!(
            decode::<f32>(&load("empty.npy")).unwrap(),
            (vec![0, 3], vec![])
        );
        assert_eq!(decode::<i64>(&load("second.npy")).unwrap().1, [0, 1, 2]);
    }
}
