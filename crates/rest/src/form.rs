//! Bodies that are forms with files.

/// The content of a part of a form (RFC 7578); of a file, when one is wanted.
pub(crate) fn part<'b>(kind: &str, body: &'b [u8], name: &str, file: bool) -> Option<&'b [u8]> {
    let boundary = kind.strip_prefix("multipart/form-data")?.split(';').find_map(|piece| piece.trim().strip_prefix("boundary="))?.trim_matches('"');
    let mark = format!("\r\n--{boundary}");
    let mut rest = body.get(find(body, format!("--{boundary}").as_bytes())? + boundary.len() + 2..)?;
    loop {
        let head_ends = find(rest, b"\r\n\r\n")?;
        let (head, content) = rest.split_at_checked(head_ends)?;
        let content = content.get(4..)?;
        let ends = find(content, mark.as_bytes())?;
        let head = String::from_utf8_lossy(head).to_ascii_lowercase();
        if head.contains("content-disposition:") && head.contains(&format!("name=\"{name}\"")) && (head.contains("filename=") || !file) {
            return content.get(..ends);
        }
        rest = content.get(ends + mark.len()..)?;
    }
}

fn find(within: &[u8], what: &[u8]) -> Option<usize> {
    within.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn parts_of_a_form() {
        let kind = "multipart/form-data; boundary=xyz";
        let body = b"--xyz\r\nContent-Disposition: form-data; name=\"clear\"\r\n\r\ntrue\r\n--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.yaml\"\r\nContent-Type: text/yaml\r\n\r\na: 1\n\r\n--xyz--\r\n";
        assert_eq!(part(kind, body, "file", true), Some(b"a: 1\n".as_slice()));
        assert_eq!(part(kind, body, "clear", false), Some(b"true".as_slice()));
        assert_eq!(part(kind, body, "other", false), None);
        assert_eq!(part(kind, body, "clear", true), None, "text is no file");
        assert_eq!(part("application/json", body, "file", true), None);
        assert_eq!(part(kind, b"--xyz\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\ncut", "file", true), None);
    }
}
