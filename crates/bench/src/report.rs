//! The figures as a table for a terminal and as a page with plots.

use std::fmt::{self, Display, Write as _};
use std::time::Duration;

/// How much data there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub users: u64,
    pub applications: u64,
}

impl Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} people, {} applications", self.users, self.applications)
    }
}

/// A cost nobody can save.
#[derive(Debug, Clone, Copy)]
pub struct Bare {
    pub name: &'static str,
    pub per_second: f64,
    /// Processor time of one.
    pub cpu: Duration,
}

/// What one operation costs.
#[derive(Debug, Clone)]
pub struct Row {
    pub name: &'static str,
    pub count: usize,
    pub per_second: f64,
    pub median: Duration,
    pub p95: Duration,
    pub p99: Duration,
    /// Processor time of the server for one.
    pub cpu: Duration,
    /// The bare cost or the operation that it is held against, and how many of those one operation needs.
    pub against: Option<(&'static str, f64)>,
}

impl Row {
    pub(crate) const fn against(mut self, name: &'static str, times: f64) -> Row {
        self.against = Some((name, times));
        self
    }
}

/// Memory of the server in bytes (PSS).
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    /// At rest after the start.
    pub idle: u64,
    /// At most during the load.
    pub most: u64,
    /// A minute after it.
    pub settled: u64,
}

impl Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [idle, most, settled] = [self.idle, self.most, self.settled].map(mebibytes);
        write!(
            f,
            "memory {idle:.1} MiB at rest, at most {most:.1} MiB under load, {settled:.1} MiB a minute after it"
        )
    }
}

/// One run.
#[derive(Debug, Clone)]
pub struct Report {
    pub engine: &'static str,
    pub size: Size,
    pub ready: Duration,
    pub memory: Memory,
    pub bare: Vec<Bare>,
    pub rows: Vec<Row>,
}

impl Report {
    /// A bare cost, which may be another operation: its rate, and the processor time of one.
    fn cost(&self, name: &str) -> Option<(f64, Duration)> {
        let bare = self.bare.iter().find(|bare| bare.name == name);
        let row = self.rows.iter().find(|row| row.name == name);
        bare.map(|bare| (bare.per_second, bare.cpu))
            .or_else(|| row.map(|row| (row.per_second, row.cpu)))
    }

    /// How much of the bare rate a row reaches, in percent.
    fn share(&self, row: &Row) -> Option<f64> {
        let (name, times) = row.against?;
        let (rate, _) = self.cost(name)?;
        (rate > 0.0).then(|| 100.0 * row.per_second * times / rate)
    }

    /// The processor time of a row beyond its bare cost, in milliseconds.
    fn beyond(&self, row: &Row) -> Option<f64> {
        let (name, times) = row.against?;
        let (_, cpu) = self.cost(name)?;
        Some(milliseconds(row.cpu) - times * milliseconds(cpu))
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, {}", self.engine, self.size)?;
        writeln!(f, "  ready after {:.0} ms; {}\n", milliseconds(self.ready), self.memory)?;
        for bare in &self.bare {
            let (name, rate, cpu) = (bare.name, bare.per_second, milliseconds(bare.cpu));
            writeln!(f, "  bare: {name:<52} {rate:>9.0} /s {cpu:>9.3} cpu ms")?;
        }
        if !self.bare.is_empty() {
            writeln!(f)?;
        }
        writeln!(
            f,
            "  {:<34} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}  of bare",
            "operation", "per s", "p50 ms", "p95 ms", "p99 ms", "cpu ms", "beyond"
        )?;
        for row in &self.rows {
            let share = self.share(row).map_or_else(String::new, |share| format!("{share:.0} %"));
            let beyond = self.beyond(row).map_or_else(String::new, |time| format!("{time:.3}"));
            let (p50, p95, p99, cpu) = (
                milliseconds(row.median),
                milliseconds(row.p95),
                milliseconds(row.p99),
                milliseconds(row.cpu),
            );
            writeln!(
                f,
                "  {:<34} {:>9.0} {p50:>9.2} {p95:>9.2} {p99:>9.2} {cpu:>9.3} {beyond:>9}  {share}",
                row.name, row.per_second
            )?;
        }
        Ok(())
    }
}

/// A line of the growth table that is no operation.
type Fact = (&'static str, fn(&Report) -> String);

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:64rem;padding:0 1rem;color:#1b1f24;background:#fff}\
table{border-collapse:collapse;width:100%;margin:1rem 0 2rem}th,td{text-align:right;padding:.3rem .6rem;border-bottom:1px solid #d8dee4}\
th:first-child,td:first-child{text-align:left}svg{width:100%;height:auto}.bar{fill:#2b6cb0}text{fill:currentColor;font:13px system-ui,sans-serif}\
.line{fill:none;stroke:#2b6cb0;stroke-width:2}@media(prefers-color-scheme:dark){body{background:#14171a;color:#e6e8ea}th,td{border-color:#30363d}}";

/// One page with a table and bars for each run, and a line for each operation over the sizes.
pub(crate) fn page(reports: &[Report], growths: &[Report]) -> String {
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>Countersign: figures</title><style>{STYLE}</style><h1>What it costs</h1>"
    );
    for report in reports {
        let _ = write!(page, "<h2>{}, {}</h2>", report.engine, report.size);
        let _ = write!(
            page,
            "<p>Ready after {:.0} ms; {}.</p>",
            milliseconds(report.ready),
            report.memory
        );
        for bare in &report.bare {
            let (name, rate, cpu) = (bare.name, bare.per_second, milliseconds(bare.cpu));
            let _ = write!(page, "<p>Bare: {name} {rate:.0} a second, {cpu:.3} ms CPU each.</p>");
        }
        page.push_str(&bars(report));
        page.push_str(&table(report));
    }
    if growths.len() > 1 {
        page.push_str("<h2>Growth</h2><p>Median time of one operation while the data grows.</p>");
        page.push_str(&lines(growths));
        page.push_str(&growth_table(growths));
    }
    page.push_str("</html>");
    page
}

fn table(report: &Report) -> String {
    let mut out = String::from(
        "<table><tr><th>Operation<th>per second<th>p50 ms<th>p95 ms<th>p99 ms<th>server CPU ms<th>beyond the bare<th>of bare</tr>",
    );
    for row in &report.rows {
        let share = report.share(row).map_or_else(String::new, |share| format!("{share:.0} %"));
        let beyond = report.beyond(row).map_or_else(String::new, |time| format!("{time:.3}"));
        let (p50, p95, p99, cpu) = (
            milliseconds(row.median),
            milliseconds(row.p95),
            milliseconds(row.p99),
            milliseconds(row.cpu),
        );
        let _ = write!(
            out,
            "<tr><td>{}<td>{:.0}<td>{p50:.2}<td>{p95:.2}<td>{p99:.2}<td>{cpu:.3}<td>{beyond}<td>{share}</tr>",
            row.name, row.per_second
        );
    }
    out.push_str("</table>");
    out
}

/// Operations per second, the longest bar the fastest; the scale is logarithmic because they differ
/// by hundreds.
fn bars(report: &Report) -> String {
    let most = report.rows.iter().map(|row| row.per_second).fold(10.0, f64::max).log10();
    let mut out = format!(
        "<svg role=\"img\" aria-label=\"Operations per second\" viewBox=\"0 0 900 {}\">",
        report.rows.len() * 26 + 10
    );
    for (index, row) in report.rows.iter().enumerate() {
        let (y, width) = (index * 26 + 4, 480.0 * row.per_second.max(1.0).log10() / most);
        let _ = write!(
            out,
            "<text x=\"0\" y=\"{}\">{}</text><rect class=\"bar\" x=\"260\" y=\"{y}\" width=\"{width:.0}\" height=\"18\" rx=\"3\"/>",
            y + 14,
            row.name
        );
        let _ = write!(
            out,
            "<text x=\"{:.0}\" y=\"{}\">{:.0}</text>",
            268.0 + width,
            y + 14,
            row.per_second
        );
    }
    out.push_str("</svg>");
    out
}

/// A line for each operation: people across, median time up, both in powers of ten, so that a flat
/// line is a flat cost.
fn lines(growths: &[Report]) -> String {
    let names: Vec<&str> = growths
        .first()
        .map(|report| report.rows.iter().map(|row| row.name).collect())
        .unwrap_or_default();
    let place = |index: usize| (index % 3 * 300, index / 3 * 180);
    let mut out = format!(
        "<svg role=\"img\" aria-label=\"Median time over the number of people\" viewBox=\"0 0 900 {}\">",
        names.len().div_ceil(3) * 180
    );
    for (index, name) in names.iter().enumerate() {
        let (left, top) = place(index);
        let points: Vec<(f64, f64)> = growths
            .iter()
            .filter_map(|report| {
                Some((report.size.users, report.rows.iter().find(|row| row.name == *name)?.median))
            })
            .map(|(users, median)| {
                let across =
                    f64::from(u32::try_from(users).unwrap_or(u32::MAX)).max(1.0).log10() / 6.0;
                // From a tenth of a millisecond to ten seconds.
                let up = (milliseconds(median).clamp(0.1, 10_000.0).log10() + 1.0) / 5.0;
                (left as f64 + 10.0 + across * 260.0, top as f64 + 150.0 - up * 110.0)
            })
            .collect();
        let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.0},{y:.0}")).collect();
        let _ = write!(
            out,
            "<text x=\"{}\" y=\"{}\">{name}</text><polyline class=\"line\" points=\"{}\"/>",
            left + 10,
            top + 20,
            path.join(" ")
        );
        for (x, y) in points {
            let _ = write!(out, "<circle class=\"bar\" cx=\"{x:.0}\" cy=\"{y:.0}\" r=\"3\"/>");
        }
        let _ = write!(
            out,
            "<text x=\"{}\" y=\"{}\">10</text><text x=\"{}\" y=\"{}\">1 000 000</text>",
            left + 46,
            top + 170,
            left + 210,
            top + 170
        );
    }
    out.push_str("</svg>");
    out
}

fn growth_table(growths: &[Report]) -> String {
    let mut out = String::from("<table><tr><th>Operation");
    for report in growths {
        let _ = write!(out, "<th>{}", report.size);
    }
    out.push_str("</tr>");
    let names: Vec<&str> = growths
        .first()
        .map(|report| report.rows.iter().map(|row| row.name).collect())
        .unwrap_or_default();
    for name in names {
        let _ = write!(out, "<tr><td>{name}");
        for report in growths {
            let row = report.rows.iter().find(|row| row.name == name);
            let [median, cpu] = [row.map(|row| row.median), row.map(|row| row.cpu)]
                .map(|time| milliseconds(time.unwrap_or_default()));
            let _ = write!(out, "<td>{median:.2} ms, processor {cpu:.2} ms");
        }
        out.push_str("</tr>");
    }
    let facts: [Fact; 4] = [
        ("ready", |report| format!("{:.0} ms", milliseconds(report.ready))),
        ("memory at rest", |report| format!("{:.1} MiB", mebibytes(report.memory.idle))),
        ("memory under load, at most", |report| {
            format!("{:.1} MiB", mebibytes(report.memory.most))
        }),
        ("memory a minute after", |report| format!("{:.1} MiB", mebibytes(report.memory.settled))),
    ];
    for (name, fact) in facts {
        let _ = write!(out, "<tr><td>{name}");
        for report in growths {
            let _ = write!(out, "<td>{}", fact(report));
        }
        out.push_str("</tr>");
    }
    out.push_str("</table>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_held_against_its_bare_cost() {
        let row = Row {
            name: "x",
            count: 1,
            per_second: 40.0,
            median: Duration::ZERO,
            p95: Duration::ZERO,
            p99: Duration::ZERO,
            cpu: Duration::from_micros(900),
            against: Some(("sign", 2.0)),
        };
        let report = Report {
            engine: "SQLite",
            size: Size { users: 1, applications: 1 },
            ready: Duration::ZERO,
            memory: Memory { idle: 0, most: 80 << 20, settled: 40 << 20 },
            bare: vec![Bare { name: "sign", per_second: 100.0, cpu: Duration::from_micros(250) }],
            rows: vec![row],
        };
        assert!(report.to_string().contains("0.400  80 %"), "{report}");
        assert!(
            report.to_string().contains("at most 80.0 MiB under load, 40.0 MiB a minute after it"),
            "{report}"
        );
        assert!(
            page(std::slice::from_ref(&report), &[report.clone(), report.clone()]).contains("80 %")
        );
    }
}
