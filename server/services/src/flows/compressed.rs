//! The compressed form of a serialized flow: base64 of gzip of JSON (reference §1.6).

use crate::ServiceError;
use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::read::MultiGzDecoder;
use serde_json::Value;
use std::io::Read;

/// Largest flow after decompression, in bytes: over a hundred thousand tasks. What unpacks to more is a bomb.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Unpacks a serialized flow.
pub fn decompress(text: &str) -> Result<Value, ServiceError> {
    let refused =
        |problem: String| ServiceError::invalid(format!("Unable to decompress serialized flow: {problem}"));
    // Python's encoder may break lines.
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let packed = STANDARD.decode(text).map_err(|error| refused(format!("it is not base64 ({error})")))?;
    let mut json = Vec::new();
    MultiGzDecoder::new(packed.as_slice())
        .take(LARGEST + 1)
        .read_to_end(&mut json)
        .map_err(|error| refused(format!("it is not gzip ({error})")))?;
    if json.len() as u64 > LARGEST {
        return Err(refused(format!("it is larger than {LARGEST} bytes when unpacked")));
    }
    serde_json::from_slice(&json).map_err(|error| refused(format!("it is not JSON ({error})")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use serde_json::json;
    use std::io::Write;

    fn pack(bytes: &[u8]) -> String {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(bytes).unwrap();
        STANDARD.encode(gzip.finish().unwrap())
    }

    #[test]
    fn a_flow_is_unpacked() {
        assert_eq!(decompress(&pack(br#"{"name":"x"}"#)).unwrap(), json!({"name": "x"}));
    }

    #[test]
    fn bad_data_is_refused_with_its_fault() {
        let truncated = STANDARD.encode(&STANDARD.decode(pack(br#"{"name":"x"}"#)).unwrap()[..15]);
        for (text, fault) in [
            ("§", "not base64"),
            ("aGVsbG8=", "not gzip"),
            (truncated.as_str(), "not gzip"),
            (pack(b"{").as_str(), "not JSON"),
            (pack(b"{\"name\": NaN}").as_str(), "not JSON"),
            (pack(&[0xff, 0xfe]).as_str(), "not JSON"),
            ("", "not gzip"),
        ] {
            let message = decompress(text).unwrap_err().message;
            assert!(message.starts_with("Unable to decompress serialized flow"), "{message}");
            assert!(message.contains(fault), "{text}: {message}");
        }
    }

    #[test]
    fn a_bomb_is_refused() {
        let bomb = pack(&vec![b' '; 65 * 1024 * 1024]);
        assert!(bomb.len() < 200_000);
        assert!(decompress(&bomb).unwrap_err().message.contains("larger than"));
    }
}
