//! Numbers and texts in the form that HTML can carry.

use sha2::{Digest, Sha256};
use std::io::{self, Write};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Writes bytes as base64 (RFC 4648, padded).
pub(super) fn base64(bytes: &[u8], out: &mut dyn Write) -> io::Result<()> {
    let digit = |bits: u32| ALPHABET.get((bits & 63) as usize).copied().unwrap_or(b'A');
    let mut line = Vec::with_capacity(4 * 16_384);
    for chunk in bytes.chunks(3 * 16_384) {
        line.clear();
        for group in chunk.chunks(3) {
            let byte = |k: usize| u32::from(group.get(k).copied().unwrap_or(0));
            let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
            line.push(digit(bits >> 18));
            line.push(digit(bits >> 12));
            line.push(if group.len() > 1 { digit(bits >> 6) } else { b'=' });
            line.push(if group.len() > 2 { digit(bits) } else { b'=' });
        }
        out.write_all(&line)?;
    }
    Ok(())
}

/// A script or style as a content security policy names it.
pub(super) fn hash_source(text: &str) -> String {
    let mut encoded = Vec::new();
    // A vector refuses nothing.
    let _ = base64(&Sha256::digest(text.as_bytes()), &mut encoded);
    format!("'sha256-{}'", String::from_utf8_lossy(&encoded))
}

/// Text as HTML has it between tags or in an attribute.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// JSON in a script element: nothing in it may look like a tag.
pub(super) fn script_text(json: &str) -> String {
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_as_in_the_rfc() {
        for (text, wanted) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            let mut out = Vec::new();
            base64(text.as_bytes(), &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), wanted);
        }
    }

    #[test]
    fn nothing_in_a_text_is_a_tag() {
        assert_eq!(escape("</title><script>'\"&"), "&lt;/title&gt;&lt;script&gt;&#39;&quot;&amp;");
        let json = serde_json::to_string("</script><!--").unwrap();
        let safe = script_text(&json);
        assert!(!safe.contains('<') && !safe.contains('>'));
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), "</script><!--");
    }
}
