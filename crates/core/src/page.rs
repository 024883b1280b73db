//! Pages of lists: the original's envelope.

use serde_json::{Value, json};

use crate::call::Query;
use crate::error::ApiError;
use http::StatusCode;

/// What part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// From 1.
    pub number: usize,
    pub size: usize,
}

const DEFAULT_SIZE: usize = 100;

impl Page {
    /// Reads `page` and `page_size`; sizes above `most` are served as `most`.
    ///
    /// # Errors
    /// 404 for a page that is no number from 1.
    pub fn read(query: &Query, most: usize) -> Result<Page, ApiError> {
        let number: usize = match query.get("page") {
            None | Some("") => 1,
            Some(text) => text.parse().ok().filter(|n| *n > 0).ok_or_else(invalid)?,
        };
        let size = query
            .get("page_size")
            .and_then(|t| t.parse::<usize>().ok())
            .filter(|n| *n > 0)
            .unwrap_or(DEFAULT_SIZE)
            .min(most);
        // No list is as long as engines can count: a page that begins beyond is past the end of
        // every one.
        number.checked_mul(size).filter(|end| i64::try_from(*end).is_ok()).ok_or_else(invalid)?;
        Ok(Page { number, size })
    }

    /// How many rows stand before this page.
    pub fn offset(self) -> usize {
        (self.number - 1).saturating_mul(self.size)
    }

    /// # Errors
    /// 404 for a page past the end.
    pub fn check(self, count: usize) -> Result<(), ApiError> {
        if self.number > 1 && self.offset() >= count { Err(invalid()) } else { Ok(()) }
    }
}

fn invalid() -> ApiError {
    ApiError::detail(StatusCode::NOT_FOUND, "Invalid page.")
}

/// The answer of a list: this page's results with the numbers around it.
pub fn envelope(page: Page, count: usize, results: Vec<Value>) -> Value {
    let pages = count.div_ceil(page.size).max(1);
    let (start, end) =
        if count == 0 { (0, 0) } else { (page.offset() + 1, page.offset() + results.len()) };
    json!({
        "pagination": {
            "next": if page.number < pages { page.number + 1 } else { 0 },
            "previous": page.number - 1,
            "count": count,
            "current": page.number,
            "total_pages": pages,
            "start_index": start,
            "end_index": end,
        },
        "results": results,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_beyond_what_engines_count_is_invalid() {
        let read = |text: &str| {
            Page::read(&Query::parse(text), usize::MAX).map(|page| (page.number, page.size))
        };
        assert_eq!(read("page=3&page_size=20").unwrap(), (3, 20));
        assert_eq!(read("page=1&page_size=9223372036854775807").unwrap().0, 1);
        for text in [
            "page=0",
            "page=-1",
            "page=x",
            "page=9223372036854775807",
            "page=18446744073709551615",
            "page=2&page_size=9223372036854775807",
        ] {
            assert!(
                matches!(read(text), Err(ApiError::Detail { status: StatusCode::NOT_FOUND, text, .. }) if text == "Invalid page."),
                "{text}"
            );
        }
    }
}
