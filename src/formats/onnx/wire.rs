//! Checks the protobuf structure of a model before any parser allocates what it declares.
//!
//! The parser and the inference engine trust declared lengths and recurse into nested graphs;
//! here every length is held against the bytes that are there, and nesting against a limit.

/// Nested graphs (bodies of If and Loop) and types that a model may have.
const DEEPEST: usize = 16;

/// The messages of `onnx.proto` that lead to a nested graph.
#[derive(Clone, Copy)]
enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    ValueInfo,
    Type,
    TensorType,
    Sequence,
    Shape,
    /// A message of strings and numbers alone.
    Flat,
    /// A string, numbers, or what nobody reads.
    Bytes,
}

impl Message {
    /// The message in field `number`. Source: onnx.proto3 of ONNX 1.17.
    fn field(self, number: u64) -> Message {
        match (self, number) {
            (Message::Model, 7) | (Message::Attribute, 6 | 11) => Message::Graph,
            (Message::Graph, 1) => Message::Node,
            (Message::Node, 5) => Message::Attribute,
            (Message::Graph, 5) | (Message::Attribute, 5 | 10) => Message::Tensor,
            (Message::Graph, 11..=13) => Message::ValueInfo,
            (Message::ValueInfo, 2) | (Message::Attribute, 14 | 15) | (Message::Sequence, 1) => {
                Message::Type
            }
            (Message::Type, 4) => Message::Sequence,
            (Message::Type, 1) => Message::TensorType,
            (Message::TensorType, 2) => Message::Shape,
            (Message::Model, 8 | 14)
            | (Message::Graph, 16)
            | (Message::Node, 9)
            | (Message::Tensor, 3 | 13 | 16)
            | (Message::Shape, 1) => Message::Flat,
            _ => Message::Bytes,
        }
    }
}

/// Checks a whole model file.
///
/// # Errors
/// A sentence that says at which byte the file stops making sense.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    walk(bytes, 0, bytes.len(), Message::Model, 0)
}

fn walk(
    bytes: &[u8],
    mut at: usize,
    end: usize,
    message: Message,
    depth: usize,
) -> Result<(), String> {
    while at < end {
        let field_at = at;
        let broken = |what: &str| format!("{what} at byte {field_at} of {}", bytes.len());
        let key = varint(bytes, &mut at, end).ok_or_else(|| broken("broken field"))?;
        let length = match key & 7 {
            0 => {
                varint(bytes, &mut at, end).ok_or_else(|| broken("broken number"))?;
                0
            }
            1 => 8,
            5 => 4,
            2 => varint(bytes, &mut at, end).ok_or_else(|| broken("broken length"))?,
            _ => return Err(broken("unknown field type")),
        };
        let rest = (end - at) as u64;
        if length > rest {
            return Err(broken(&format!(
                "a field of {length} bytes where {rest} are left, "
            )));
        }
        let inner_end = at + length as usize;
        if key & 7 == 2 {
            let inner = message.field(key >> 3);
            if !matches!(inner, Message::Bytes) {
                let nests = matches!(inner, Message::Graph | Message::Type);
                if nests && depth >= DEEPEST {
                    return Err(broken("graphs nested too deep"));
                }
                let deeper = depth + usize::from(nests);
                walk(bytes, at, inner_end, inner, deeper)?;
            }
        }
        at = inner_end;
    }
    Ok(())
}

fn varint(bytes: &[u8], at: &mut usize, end: usize) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        if *at >= end {
            return None;
        }
        let byte = bytes[*at];
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_and_lying_lengths_are_refused() {
        assert!(check(b"this is a text file, not a model").is_err());
        // Field 2 (producer name), 2^40 bytes long.
        let lying = [0x12, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20];
        assert!(check(&lying).unwrap_err().contains("are left"));
        assert_eq!(check(&[0x08, 0x07]), Ok(()));
        // A tensor of 6 bytes whose name is 2^35 bytes long.
        let inside = [0x3a, 8, 0x2a, 6, 0x42, 0x80, 0x80, 0x80, 0x80, 0x20];
        assert!(check(&inside[..10]).is_err());
    }

    #[test]
    fn endless_nesting_is_refused() {
        // graph { node { attribute { g { node { … } } } } }, from the inside out.
        let wrap = |tag: u8, inner: Vec<u8>| {
            let mut out = vec![tag << 3 | 2];
            let mut length = inner.len();
            while length >= 0x80 {
                out.push(length as u8 | 0x80);
                length >>= 7;
            }
            out.push(length as u8);
            out.extend(inner);
            out
        };
        let mut bytes = Vec::new();
        for _ in 0..50 {
            bytes = wrap(1, wrap(5, wrap(6, bytes)));
        }
        assert!(check(&wrap(7, bytes)).unwrap_err().contains("too deep"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = check(&bytes);
        }
    }
}
