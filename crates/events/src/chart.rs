//! Counts of events over time, as charts show them.

use countersign_core::Context;
use countersign_model::Timestamp;
use countersign_store::{SqlValue, StoreError};
use serde_json::{Value, json};

/// A span of time in equal steps.
#[derive(Debug, Clone, Copy)]
pub struct Chart {
    /// Seconds of one step.
    step: i64,
    points: usize,
}

impl Chart {
    /// A week in steps of eight hours, with the step that is under way.
    pub const WEEK: Chart = Chart { step: 8 * 3600, points: 22 };

    /// `span` seconds in so many steps, with the step that is under way.
    pub fn of(span: i64, steps: i64) -> Chart {
        let points = usize::try_from(steps).unwrap_or_default() + 1;
        Chart { step: span / steps, points }
    }

    /// Newest first, each `{x_cord (ms), y_cord}`. `conditions` begin with ` AND` and count
    /// parameters from `$3`.
    ///
    /// # Errors
    /// When the engine fails.
    pub async fn count(
        self,
        cx: &Context,
        conditions: &str,
        values: Vec<SqlValue>,
    ) -> Result<Value, StoreError> {
        let (step, points) =
            (self.step * 1_000_000, i64::try_from(self.points).unwrap_or_default());
        let start = cx.clock.now().0 - points * step;
        let statement = format!(
            "SELECT (created - $1) / $2, COUNT(*) FROM event WHERE created >= $1{conditions} GROUP BY 1"
        );
        let all: Vec<SqlValue> =
            [Timestamp(start).into(), step.into()].into_iter().chain(values).collect();
        let rows = cx.store.browse(move |sql| sql.query(&statement, &all)).await?;
        let mut counts = vec![0_i64; self.points];
        for row in rows {
            let at = usize::try_from(row.get::<i64>(0)?)
                .unwrap_or_default()
                .min(self.points.saturating_sub(1));
            if let Some(count) = counts.get_mut(at) {
                *count += row.get::<i64>(1)?;
            }
        }
        let ends = (1..).map(|at| (start + at * step) / 1000);
        let found: Vec<Value> =
            ends.zip(counts).map(|(x, y)| json!({"x_cord": x, "y_cord": y})).collect();
        Ok(found.into_iter().rev().collect())
    }
}
